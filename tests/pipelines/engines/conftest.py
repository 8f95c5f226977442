from __future__ import annotations

import pytest

from pyterrier_rewrite.pipelines import PisaIndex
from tests.support.pisa import build


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PisaIndex:
    return build(tmp_path_factory.mktemp("pisa") / "pets.pisa", name="pets")
