from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flow", "0001_initial")]

    operations = [
        migrations.AddField("lease", "ticked_monotonic", models.FloatField(null=True)),
        migrations.AddField("lease", "boot_id", models.CharField(blank=True, default="", max_length=36)),
        migrations.AddField("lease", "found", models.JSONField(default=list)),
    ]
