from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0010_carry_approvals_over'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='source',
            constraint=models.CheckConstraint(condition=models.Q(('enabled', False), models.Q(('approved_at__isnull', False), models.Q(('approved_by', ''), _negated=True), models.Q(('approved_for', ''), _negated=True)), _connector='OR'), name='enabled_source_is_approved'),
        ),
    ]
