"""Training: the loop, schedules, augmentation, evaluation, run folders."""

from minicnn.losses import probabilities
from minicnn.preparation import Preparation
from minicnn.train.answers import Answer, Guess, answer_kind, answers, guesses
from minicnn.train.augmentation import Augmentation, augmentation
from minicnn.train.evaluation import evaluate
from minicnn.train.examination import Examination, examine
from minicnn.train.history import History
from minicnn.train.learning import LearningWatch
from minicnn.train.mistakes import BoxMistake, ClassMistake, MaskMistake, Mistake, NumbersMistake
from minicnn.train.prediction import fit_picture, handwriting_kind, looks_inverted, prepare_picture
from minicnn.train.rate_range import RateCurve
from minicnn.train.records import EpochRecord, EvaluationRecord, ProgressRecord, Record, StartRecord, StepRecord
from minicnn.train.run import Run, RunResult
from minicnn.train.run_folder import RunFolder, history_line
from minicnn.train.schedule import (
    SCHEDULES,
    Constant,
    Cosine,
    CosineRestarts,
    Halving,
    Milestones,
    OneCycle,
    Plateau,
    Schedule,
    Step,
    WarmedUp,
    schedule,
)
from minicnn.train.settings import RunSettings
from minicnn.train.trainer import Trainer
from minicnn.train.validation import hold_out
from minicnn.train.views import View, view
from minicnn.train.weights import TrainedNetwork, load_trained

__all__ = [
    "SCHEDULES",
    "Answer",
    "Augmentation",
    "BoxMistake",
    "ClassMistake",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "EpochRecord",
    "EvaluationRecord",
    "Examination",
    "Guess",
    "Halving",
    "History",
    "LearningWatch",
    "MaskMistake",
    "Milestones",
    "Mistake",
    "NumbersMistake",
    "OneCycle",
    "Plateau",
    "Preparation",
    "ProgressRecord",
    "RateCurve",
    "Record",
    "Run",
    "RunFolder",
    "RunResult",
    "RunSettings",
    "Schedule",
    "StartRecord",
    "Step",
    "StepRecord",
    "TrainedNetwork",
    "Trainer",
    "View",
    "WarmedUp",
    "answer_kind",
    "answers",
    "augmentation",
    "evaluate",
    "examine",
    "fit_picture",
    "guesses",
    "handwriting_kind",
    "history_line",
    "hold_out",
    "load_trained",
    "looks_inverted",
    "prepare_picture",
    "probabilities",
    "schedule",
    "view",
]
