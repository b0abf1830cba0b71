from django.db import migrations
from django.utils import timezone


def carry_over(apps, schema_editor):
    """Sources enabled before this version keep the approval they name; without one they stop until somebody approves."""
    from archive.approval import covered

    Source, Approval, Spell = (apps.get_model("archive", name) for name in ("Source", "Approval", "Spell"))
    now = timezone.now()
    for source in Source.objects.filter(enabled=True):
        terms = {n: getattr(source, n) for n in ("purpose", "legal_basis", "kind", "url", "interval_s", "options")}
        if source.approved_by:
            source.approved_at, source.approved_for, source.enabled_at = now, covered(source), now
            decided = {"state": "given", "decided_by": source.approved_by, "decided_at": now}
        else:
            source.enabled, source.state, source.code, source.detail = False, "off", "unapproved", "没有批准人，等待批准"
            decided = {}
        source.save()
        Approval.objects.create(source=source, why="升级前已启用", asked_by="engine", asked_at=now, told_at=now, **terms, **decided)
        Spell.objects.create(source=source, state=source.state, code=source.code, detail=source.detail, starts_at=now)


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0009_source_approval_and_spells'),
    ]

    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]
