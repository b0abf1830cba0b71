"""One engine a folder: by file lock and by lease; a dead holder on this machine is not waited for."""

import multiprocessing
import os
import socket
import threading
from datetime import timedelta

import pytest
from django.db import connection

from config.clock import real_now
from flow import instants, locks
from flow.models import Lease

pytestmark = pytest.mark.django_db


def held_by(holder, pid, seconds):
    Lease.objects.update_or_create(
        name=locks.ENGINE, defaults={"holder": holder, "pid": pid, "until": real_now() + timedelta(seconds=seconds)}
    )


def dead_pid():
    process = multiprocessing.get_context("spawn").Process(target=int)
    process.start()
    process.join()
    return process.pid


def test_a_second_engine_is_refused_and_told_the_pid_of_the_first():
    held_by("elsewhere:7", 7, 10)
    with pytest.raises(locks.Taken) as e, locks.engine_role():
        pass
    assert e.value.pid == 7 and "7" in str(e.value)
    assert locks.running_pid() == 7


def test_the_role_is_free_again_after_it_was_given_back():
    with locks.engine_role():
        assert locks.running_pid() == os.getpid()
    assert locks.running_pid() is None
    with locks.engine_role():
        pass


def test_a_killed_engine_of_this_machine_is_not_waited_for():
    held_by(f"{socket.gethostname()}:1", dead_pid(), 60)
    assert locks.running_pid() is None
    with locks.engine_role() as role:
        assert locks.renew(role.holder, real_now())


def test_a_lease_of_another_host_is_waited_for_until_it_has_run_out():
    held_by("elsewhere:7", dead_pid(), 60)
    assert not locks.renew("here:1", real_now())
    assert locks.renew("here:1", real_now() + timedelta(seconds=61))


def test_who_lost_the_lease_cannot_renew_it():
    held_by("elsewhere:7", 7, 60)
    assert not locks.renew("late:1", real_now())


def test_the_file_lock_alone_keeps_a_second_process_of_this_folder_out(settings):
    with locks.file_lock(settings.DATA / "engine.lock"), pytest.raises(locks.Taken), locks.engine_role():
        pass


def test_the_role_is_kept_from_another_thread_than_took_it():
    reading, kept = instants.read(real_now()), []
    with locks.engine_role() as role:

        def tick():
            kept.append(role._advisory.hold())
            connection.close()

        thread = threading.Thread(target=tick)
        thread.start()
        thread.join()
        assert kept == [True] and role.keep(reading)


@pytest.mark.postgres
def test_a_session_of_another_host_keeps_a_second_engine_out_and_a_lost_session_is_renewed(tmp_path, settings):
    first, second = locks.Advisory(), locks.Advisory()
    try:
        assert first.hold() and not second.hold()
        settings.DATA = tmp_path  # another host shares no file lock
        with pytest.raises(locks.Taken), locks.engine_role():
            pass
        first._session.close()
        assert first.hold() and not second.hold()
        first.release()
        assert second.hold()
    finally:
        first.release()
        second.release()


@pytest.mark.postgres
def test_no_session_waits_for_a_lock_or_keeps_one_without_end():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')")
        assert cursor.fetchone() == ("8s", "30s")
