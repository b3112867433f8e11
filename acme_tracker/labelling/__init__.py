"""Labels from teachers: detectors that agree make a data set of one's own footage.

PATH... -> inputs.Shot -> teachers.Seen -> fusion.Fused -> motion.follow -> judging.Judged
-> clips.settle -> human.complete -> folder.LabelFolder
"""
