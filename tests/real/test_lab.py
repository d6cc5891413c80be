"""The lab leaves nothing behind, also where something in it fails."""

from pathlib import Path

import pytest

from tests.lab import missing
from tests.lab.namespace import Namespace
from tests.lab.wait import LabError

pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(missing()), reason=missing())]


def break_down(namespace: Namespace) -> None:
    """Fail inside, with a server that has a child of its own."""
    with namespace:
        namespace.start(["sh", "-c", "sleep 600 & sleep 600"], log="sleep.log")
        assert Path("/run/netns", namespace.name).exists()
        assert Path("/etc/netns", namespace.name).exists()
        raise LabError("something broke")


def test_processes_namespace_and_its_files_are_gone_after_a_failure(tmp_path: Path) -> None:
    namespace = Namespace(tmp_path, ())

    with pytest.raises(LabError, match="something broke"):
        break_down(namespace)

    assert not Path("/run/netns", namespace.name).exists()
    assert not Path("/etc/netns", namespace.name).exists()


def test_nothing_outside_can_be_reached(tmp_path: Path) -> None:
    with Namespace(tmp_path, ()) as namespace:
        links = namespace.run(["ls", "/sys/class/net"]).stdout.split()
        assert links == ["lo"]
