"""Choosing an engine by its name."""

import cv2

from face_engine.dlib_engine import DlibEngine
from face_engine.engine import EngineName, FaceEngine
from face_engine.sface import SFaceEngine


def load_engine(name: EngineName) -> FaceEngine:
    """A ready engine, safe to share between threads; ModelMissing and ModelTampered say what to install.

    OpenCV is told to use one thread a call, for the whole process: the callers' threads are the parallelism, and a
    second layer below them only makes every answer slower. OpenCV's warnings are silenced: each detector it makes prints one
    about a setting that nobody made.
    """
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    return SFaceEngine() if name is EngineName.SFACE else DlibEngine()
