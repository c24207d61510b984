"""Exercises: loops to fill in, graded against the right loop.

    from minicnn import exercises
    exercise = exercises.find("convolution")
    print(exercises.handout(exercise))                 # the file that is handed out
    grade = exercises.grade(exercise, function)        # a function, in this process
    grade.result, grade.message, grade.finding         # the first wrong output, and the tap at which its sum first differs
    list(exercises.grade_files("submissions/", exercises.EXERCISES))      # files, each in a process of its own with limits

One exercise a file; each can be copied and changed to make another (`exercises.load(path)`, `minicnn exercise --from FILE.py`).
"""

from minicnn.exercises.catalogue import EXERCISES, find, load
from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers
from minicnn.exercises.finding import Finding, Grade
from minicnn.exercises.folder import grade_files
from minicnn.exercises.grade import grade
from minicnn.exercises.handout import handout
from minicnn.exercises.process import Limits

__all__ = [
    "EXERCISES",
    "Case",
    "Exercise",
    "Finding",
    "Grade",
    "Limits",
    "Mistake",
    "find",
    "grade",
    "grade_files",
    "handout",
    "load",
    "whole_numbers",
]
