"""Finds, compares and remembers faces: one engine interface, two engines, 144-byte templates for locks.

Used by the service (enrolment, comparison with the ID portrait) and by the lock (identification at the door). Reads model
files and nothing else; knows neither of its users.
"""

from face_engine.challenge_steps import Step
from face_engine.comparison import Match, Verdict, compare_one_to_one
from face_engine.engine import (
    DetectorTraits,
    Embedding,
    EngineName,
    FaceBox,
    FaceEngine,
    Image,
    Thresholds,
)
from face_engine.enrolment import Enrolled, EnrolmentProblem, EnrolmentRefused, FrameFault, enrol, enrol_faces
from face_engine.errors import (
    FaceEngineError,
    ImageProblem,
    ModelMissing,
    ModelTampered,
    TemplateCorrupt,
    TemplateError,
    TemplateForeign,
    UnusableImage,
)
from face_engine.finding import FoundFace, find_one_face
from face_engine.identification import Identified, NotIdentified, NotIdentifiedReason, identify
from face_engine.images import decode_image, encode_jpeg
from face_engine.liveness import (
    Challenge,
    Liveness,
    LivenessChecker,
    LivenessReason,
    LivenessVerdict,
    Moment,
    draw_challenge,
    follow,
    judge_challenge,
)
from face_engine.loading import load_engine
from face_engine.quality import DOOR_LIMITS, LIVE_LIMITS, PORTRAIT_LIMITS, FaceProblem, FaceQuality, FrameLimits
from face_engine.template import TEMPLATE_BYTES, Template, pack_template, unpack_template

__all__ = [
    "DOOR_LIMITS",
    "LIVE_LIMITS",
    "PORTRAIT_LIMITS",
    "TEMPLATE_BYTES",
    "Challenge",
    "DetectorTraits",
    "Embedding",
    "EngineName",
    "Enrolled",
    "EnrolmentProblem",
    "EnrolmentRefused",
    "FaceBox",
    "FaceEngine",
    "FaceEngineError",
    "FaceProblem",
    "FaceQuality",
    "FoundFace",
    "FrameFault",
    "FrameLimits",
    "Identified",
    "Image",
    "ImageProblem",
    "Liveness",
    "LivenessChecker",
    "LivenessReason",
    "LivenessVerdict",
    "Match",
    "ModelMissing",
    "ModelTampered",
    "Moment",
    "NotIdentified",
    "NotIdentifiedReason",
    "Step",
    "Template",
    "TemplateCorrupt",
    "TemplateError",
    "TemplateForeign",
    "Thresholds",
    "UnusableImage",
    "Verdict",
    "compare_one_to_one",
    "decode_image",
    "draw_challenge",
    "encode_jpeg",
    "enrol",
    "enrol_faces",
    "find_one_face",
    "follow",
    "identify",
    "judge_challenge",
    "load_engine",
    "pack_template",
    "unpack_template",
]
