"""What kinds, purposes, bases and refusals are called, in both languages. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from service.occupancy.rules.inquiries import InquiryKind, LegalBasis, Purpose, RefusalReason
from service.phrases import Phrase

KIND_WORDS: Mapping[InquiryKind, Phrase] = MappingProxyType(
    {
        InquiryKind.PERSON_BY_DOCUMENT: Phrase("按证件号码查人", "A person, by document number"),
        InquiryKind.PERSON_BY_NAME: Phrase("按姓名查人", "A person, by name"),
        InquiryKind.UNIT: Phrase("查房间", "A room"),
        InquiryKind.BUILDING: Phrase("查房屋", "A building"),
    }
)
PURPOSE_WORDS: Mapping[Purpose, Phrase] = MappingProxyType(
    {
        Purpose.REGISTRATION_CHECK: Phrase("核对居住登记", "Checking the residence registration"),
        Purpose.RESCUE: Phrase("火灾、急救等抢险救援", "Fire, ambulance or other rescue"),
        Purpose.WELFARE_VISIT: Phrase("走访帮扶", "Welfare visit"),
        Purpose.MISSING_PERSON: Phrase("查找失踪人员", "Search for a missing person"),
        Purpose.CASE: Phrase("办理案件", "Handling a case"),
    }
)
BASIS_WORDS: Mapping[LegalBasis, Phrase] = MappingProxyType(
    {
        LegalBasis.RESIDENCE_REGISTRATION: Phrase(
            "《浙江省流动人口居住登记条例》", "Zhejiang Residence Registration Regulation for the Floating Population"
        ),
        LegalBasis.STATUTORY_DUTY: Phrase(
            "《个人信息保护法》第十三条第三项、第三十四条：履行法定职责",
            "PIPL Art. 13 (3) and Art. 34: duties set by law",
        ),
        LegalBasis.EMERGENCY: Phrase(
            "《个人信息保护法》第十三条第四项：紧急情况下保护生命健康和财产安全",
            "PIPL Art. 13 (4): protecting life, health or property in an emergency",
        ),
        LegalBasis.CRIMINAL_PROCEDURE: Phrase(
            "《刑事诉讼法》第五十四条：收集、调取证据", "Criminal Procedure Law Art. 54: taking evidence"
        ),
    }
)
REFUSAL_ADVICE: Mapping[RefusalReason, Phrase] = MappingProxyType(
    {
        RefusalReason.ROLE: Phrase("您的账号不能查询居住人员。", "Your account cannot ask about residents."),
        RefusalReason.PURPOSE: Phrase(
            "您的岗位不能以此目的查询。请选择其他目的，或请民警查询。",
            "Your post cannot ask for this purpose. Choose another one, or leave the question to the police.",
        ),
        RefusalReason.BASIS: Phrase(
            "所选法律依据不适用于这一目的。请重新选择。",
            "This legal basis does not cover the purpose. Choose another one.",
        ),
        RefusalReason.NO_REFERENCE: Phrase("请填写案件或报案编号。", "Enter the number of the case or of the report."),
        RefusalReason.OUTSIDE_AREA: Phrase(
            "不在您的辖区内。请由当地人员查询。", "This is not in your area. Those who work there can ask."
        ),
    }
)
