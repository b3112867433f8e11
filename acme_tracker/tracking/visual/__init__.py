"""Visual trackers: follow given boxes from frame to frame."""
