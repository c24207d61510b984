"""Training: the loop, schedules, augmentation, evaluation, run folders."""

from minicnn.train.augmentation import Augmentation, augmentation
from minicnn.train.evaluation import evaluate, probabilities
from minicnn.train.preparation import Preparation
from minicnn.train.records import EpochRecord, EvaluationRecord, ProgressRecord, StartRecord, StepRecord
from minicnn.train.schedule import SCHEDULES, Constant, Cosine, Plateau, Schedule, Step, schedule
from minicnn.train.trainer import Trainer

__all__ = [
    "SCHEDULES", "Augmentation", "Constant", "Cosine", "EpochRecord", "EvaluationRecord", "Plateau", "Preparation", "ProgressRecord",
    "Schedule", "StartRecord", "Step", "StepRecord", "Trainer", "augmentation", "evaluate", "probabilities", "schedule",
]
