"""What the lock's display and the page say, in Chinese and English."""

from typing import NamedTuple

from device_sim.enrolling import Stage
from firmware_protocol.vocabulary import RefusalReason


class Words(NamedTuple):
    """One sentence in both languages."""

    zh: str
    en: str


OPEN = Words("门已开锁，请进。", "Unlocked. Please come in.")
OPEN_INSIDE = Words("门从里面打开。", "Opened from inside.")
OPEN_BY_KEY = Words("用机械钥匙打开了，不知道是谁。", "Opened with the mechanical key. Nobody knows by whom.")
OVERRIDDEN = Words("紧急开门，已记录。", "Opened in an emergency. It is recorded.")
CHECKING = Words(
    "这把锁刚连上网，正在核对名单，请过几秒再试。",
    "This lock has just gone online and is checking its list. Try again in a few seconds.",
)
FIRE_OVER = Words("火警结束，门恢复正常。", "The fire alarm is over. The door is as usual again.")

# While a face is taken. The door may have been opened by the card that began it: these say what comes next.
STAGES: dict[Stage, Words] = {
    Stage.CARD: Words("要录入人脸：请先刷本人身份证或输入本人密码。", "To take your face: first your own card or PIN."),
    Stage.FACE: Words(
        "门已开锁。现在请看摄像头，录入人脸。", "Unlocked. Now look into the camera: your face is taken."
    ),
    Stage.MORE: Words("很好，请再看一次摄像头。", "Good. Look into the camera once more."),
    Stage.AGAIN: Words(
        "看不清：请走近一点，脸对着光，不要动。", "Not clear enough: come closer, face the light, hold still."
    ),
    Stage.ALONE: Words("请一个人站到摄像头前。", "Please stand before the camera alone."),
    Stage.SAME_PERSON: Words(
        "几次看到的不像同一个人，请再看一次。", "These did not look like one person. Look once more."
    ),
    Stage.SAYING: Words(
        "人脸已采集，正在送出；照片不会保存。", "Your face was taken and is on its way. No picture is kept."
    ),
    Stage.NOT_THE_CARD: Words("与身份证照片不符，没有录入。", "Not the face on the card. Nothing was taken."),
}

REASONS: dict[RefusalReason, Words] = {
    RefusalReason.UNSPECIFIED: Words("不能开门。", "The door stays shut."),
    RefusalReason.INVALID_CREDENTIAL: Words(
        "这张卡或这个密码不是本房间的。", "This card or PIN does not belong to this room."
    ),
    RefusalReason.DISABLED: Words("这把锁没有摄像头，请用卡或密码。", "This lock has no camera. Use your card or PIN."),
    RefusalReason.RESTRICTED: Words("现在不允许进入。", "Entry is not allowed at the moment."),
    RefusalReason.INSUFFICIENT_BATTERY: Words(
        "电池没电了，请从外面接应急电源。", "The battery is empty. Connect emergency power outside."
    ),
    RefusalReason.NOT_YET_VALID: Words("您的租期还没有开始。", "Your lease has not begun yet."),
    RefusalReason.NO_LONGER_VALID: Words("您的租期已经结束。", "Your lease has ended."),
    RefusalReason.OFFLINE_LEASE_OVER: Words(
        "这把锁太久没有联网，请告诉房东。", "This lock has been offline for too long. Please tell the landlord."
    ),
    RefusalReason.CLOCK_UNSET: Words(
        "这把锁不知道现在几点，请告诉房东。", "This lock does not know the time. Please tell the landlord."
    ),
    RefusalReason.LOCKED_OUT: Words(
        "错误次数太多，请等一分半钟再试。", "Too many wrong tries. Wait a minute and a half."
    ),
    RefusalReason.NO_FACE: Words("没有看到人脸，请站到摄像头前。", "No face seen. Stand in front of the camera."),
    RefusalReason.SEVERAL_FACES: Words(
        "看到几张人脸，请一个人站到前面。", "Several faces seen. Please stand there alone."
    ),
    RefusalReason.FACE_NOT_RECOGNISED: Words(
        "不认识这张脸。请再试一次，或用卡、密码。", "Face not recognised. Try again, or use your card or PIN."
    ),
    RefusalReason.FACE_AMBIGUOUS: Words(
        "分不清是哪一位，请用卡或密码。", "Two tenants look alike to the lock. Use your card or PIN."
    ),
    RefusalReason.FACE_UNUSABLE: Words(
        "看不清：请走近一点，脸对着光，不要动。", "Not clear enough: come closer, face the light, hold still."
    ),
    RefusalReason.NOT_LIVE: Words(
        "这像是一张照片，请本人站到摄像头前。", "This looks like a picture. Please come in person."
    ),
    RefusalReason.CREDENTIAL_SPENT: Words(
        "这个凭证只能用一次，已经用过了。", "This opens once, and it has been used. Ask for a new one."
    ),
    RefusalReason.OUTSIDE_SCHEDULE: Words(
        "现在不在允许的时间里。", "It does not open at this time of the day or week."
    ),
    RefusalReason.PRIVACY_MODE: Words(
        "屋里有人开了勿扰，请敲门。", "Somebody inside does not want to be disturbed. Please knock."
    ),
}
