"""What the terminal view says, in Chinese and English. What the lock itself says comes from words.py, in both."""

from enum import StrEnum

from device_sim.words import Words


class Language(StrEnum):
    """The languages the view speaks."""

    CHINESE = "zh"
    ENGLISH = "en"


TEXTS: dict[str, Words] = {
    "door": Words("门", "Door"),
    "lock": Words("锁", "Lock"),
    "events": Words("最近的记录", "Last events"),
    "bolt": Words("锁舌", "Bolt"),
    "leaf": Words("门扇", "Leaf"),
    "battery": Words("电池", "Battery"),
    "link": Words("网络", "Link"),
    "clock": Words("时钟", "Clock"),
    "list": Words("名单", "Access list"),
    "flash": Words("记录存储", "Flash"),
    "refused": Words("拒收的帧", "Refused frames"),
    "locked": Words("已上锁", "locked"),
    "unlocking": Words("正在开锁…", "unlocking…"),
    "unlocked": Words("锁已打开", "unlocked"),
    "locking": Words("正在上锁…", "locking…"),
    "jammed": Words("卡住了", "jammed"),
    "open": Words("开着", "open"),
    "closed": Words("关着", "shut"),
    "forced_open": Words("被撞开", "forced open"),
    "ajar": Words("没有关好", "ajar"),
    "unspecified_error": Words("不明", "unknown"),
    "obstructed": Words("有东西挡着", "something is in its way"),
    "proven": Words("已连接，双方已验证", "connected, both sides proven"),
    "linked": Words("已连接，等待验证", "connected, not proven yet"),
    "down": Words("未连接，锁自己工作", "not connected; the lock works by itself"),
    "cut": Words("网线已拔", "the network is cut"),
    "no_power": Words("没有电；里面的把手照样能开门", "no power; the inside handle works all the same"),
    "UNSET": Words("未知", "unset"),
    "KEPT": Words("走时中", "kept"),
    "SYNCED": Words("已校准", "set by the service"),
    "no_date": Words("不是日期（{0} 毫秒）", "no date ({0} ms)"),
    "version": Words("第 {0} 版", "version {0}"),
    "empty": Words("空", "empty"),
    "unconfirmed": Words("服务端还没有确认这是最新的", "not confirmed as the latest yet"),
    "logged": Words("共 {0} 条，{1} 条还没有送达", "{0} events, {1} not stored by the service yet"),
    "locked_out": Words("错误太多，还要等 {0} 秒", "locked out for {0} s more"),
    "claim": Words("认领", "Claim"),
    "boxed": Words("还没有主人。内盖下面写着：", "It is nobody's yet. Under the inside cover stands:"),
    "cover": Words("内盖下面写着：", "Under the inside cover stands:"),
    "unwelcomed": Words(
        "已有密钥，服务端还没有确认；可以再按一次认领键",
        "has keys that the service has not confirmed; it can be claimed again",
    ),
    "released": Words(
        "已清空，等待下一位主人（新密钥由交出这把锁的人告知）",
        "wiped, waiting for its next owner (whoever released it has the next secret)",
    ),
    "claim_open": Words("正在请求认领，还有 {0} 秒", "asking to be claimed, {0} s left"),
    "certificate": Words("证书", "Certificate"),
    "until": Words("有效至 {0}", "until {0}"),
    "certificate_asked": Words("已申请新证书", "has asked for the next"),
    "certificate_tried": Words("正在试用新证书", "trying the next"),
    "certificate_resting": Words("新证书连不上，过后再试", "the next did not connect; to be tried again"),
    "silent": Words("模拟器没有回答。它还在运行吗？", "The simulator does not answer. Is it still running?"),
    "done": Words("好了。", "Done."),
    "held": Words("拉不动：锁舌还在外面。", "It does not move: the bolt holds it."),
    "ask_face": Words("照片文件，或摄像头编号（0）", "photograph file, or a camera's number (0)"),
    "ask_card": Words("证件号码", "document number"),
    "ask_pin": Words("密码", "PIN"),
    "ask_clock": Words("时钟快多少秒（可以是负数）", "turn the clock by how many seconds (may be negative)"),
    "ask_drain": Words("电池减少百分之几", "drain the battery by how many percent"),
    "not_a_number": Words("这不是数字，或者太大。", "This is no number, or too large."),
    "key_face": Words("刷脸", "Face"),
    "key_card": Words("刷证", "Card"),
    "key_pin": Words("密码", "PIN"),
    "key_handle": Words("里面的把手", "Inside handle"),
    "key_leaf": Words("拉门/关门", "Pull/shut"),
    "key_claim": Words("打开内盖按认领键", "Cover off, claim button"),
    "key_force": Words("撞门", "Force"),
    "key_power": Words("电池", "Battery out/in"),
    "key_jam": Words("卡锁舌", "Jam/free"),
    "key_network": Words("网线", "Network"),
    "key_clock": Words("时钟", "Clock"),
    "key_drain": Words("耗电", "Drain"),
    "key_quit": Words("退出", "Quit"),
}


def say(key: str, language: Language, *values: object) -> str:
    """The text in the language; a word that is not known here stands as it came (a newer lock may say it)."""
    words = TEXTS.get(key)
    if words is None:
        return key
    return (words.zh if language is Language.CHINESE else words.en).format(*values)
