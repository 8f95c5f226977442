"""Methods that add words to a query."""

from .csqe import CSQE
from .event import EventExpansion
from .genqr import GenPRF, GenQR
from .genqr_ensemble import GenQREnsemble, GenQREnsembleRF, GenQRFusion, GenQRFusionRF
from .hyde import HyDE
from .intent_description import IntentDescription
from .jagerman import Q2D, Q2DPRF, Q2DZS, Q2E, Q2EPRF, Q2EZS, CoT, CoTPRF
from .lamer import LameR
from .mill import MILL
from .mugi import MuGI
from .qa_expand import QAExpand
from .query2doc import Query2Doc
from .thinkqe import ThinkQE

__all__ = [
    "CSQE",
    "MILL",
    "Q2D",
    "Q2DPRF",
    "Q2DZS",
    "Q2E",
    "Q2EPRF",
    "Q2EZS",
    "CoT",
    "CoTPRF",
    "EventExpansion",
    "GenPRF",
    "GenQR",
    "GenQREnsemble",
    "GenQREnsembleRF",
    "GenQRFusion",
    "GenQRFusionRF",
    "HyDE",
    "IntentDescription",
    "LameR",
    "MuGI",
    "QAExpand",
    "Query2Doc",
    "ThinkQE",
]
