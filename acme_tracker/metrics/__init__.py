"""How good is it: HOTA, CLEAR-MOT and identity of tracks, average precision of detections."""
