from django.db import migrations, models


class Migration(migrations.Migration):
    """Hosts become sites, whose turn is a row; robots.txt snapshots get a table of their own (both are only caches)."""

    dependencies = [("crawlers", "0002_tokens_and_call_counts")]

    operations = [
        migrations.CreateModel(
            name="RobotsFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("origin", models.CharField(max_length=255, unique=True)),
                ("site", models.CharField(db_index=True, max_length=255)),
                ("status", models.CharField(max_length=10)),
                ("body", models.TextField(blank=True)),
                ("crawl_delay", models.FloatField(null=True)),
                ("fetched_at", models.DateTimeField()),
            ],
        ),
        migrations.RunPython(
            lambda apps, schema: apps.get_model("crawlers", "Host").objects.all().delete(), migrations.RunPython.noop
        ),
        migrations.RemoveField("host", "robots_at"),
        migrations.RemoveField("host", "robots_body"),
        migrations.RemoveField("host", "robots_status"),
        migrations.AddField("host", "busy_until", models.DateTimeField(null=True)),
        migrations.AddField("host", "requested", models.BooleanField(default=False)),
        migrations.AddField("host", "turn", models.CharField(blank=True, max_length=32)),
    ]
