"""What can go wrong in a way that the user can mend.

    AcmeTrackerError
    ├── ConfigError       a key, value or command-line option is wrong
    ├── SourceError       a video, stream, camera or folder cannot be read
    ├── DetectorError     a detector's weights, card or runtime are missing or do not fit
    ├── DatasetError      labels or images cannot be understood
    └── OutputError       a result cannot be written (disk full, no permission, no display)

Each message says what was wanted, what came and what to do, in one line. The command line prints it
and exits with 2; anything else that escapes is a bug and keeps its traceback.
"""


class AcmeTrackerError(Exception):
    """Base of every error that the user can act on."""


class ConfigError(AcmeTrackerError):
    """A configuration key, value or option is wrong."""


class SourceError(AcmeTrackerError):
    """A video, stream, camera or folder cannot be read (any more)."""


class DetectorError(AcmeTrackerError):
    """A detector cannot be built or does not do what its card says."""


class DatasetError(AcmeTrackerError):
    """Labels or images cannot be read as the data set they claim to be."""


class OutputError(AcmeTrackerError):
    """A result file or a window cannot be written to."""
