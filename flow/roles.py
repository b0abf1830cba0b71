"""Role ids of commands.md, kept as Django groups, and the words people know them by."""

ROLES = {
    "duty_officer": "值班员",
    "shift_leader": "带班领导",
    "centre_head": "新闻中心主任",
    "bureau_leader": "局领导",
    "judge": "研判员",
    "analyst": "分析员",
    "legal": "法制",
    "secrecy": "保密办",
    "liaison": "单位联络员",
    "auditor": "审计",
    "admin": "管理员",
}
