"""The fixture that gpiozero's own tests expect, and that its source package lacks."""

import os

import pytest
from gpiozero import Device


@pytest.fixture
def no_default_factory():
    """Takes the default factory away while a test runs. The test may pick one by the environment."""
    factory, name = Device.pin_factory, os.environ.get("GPIOZERO_PIN_FACTORY")
    Device.pin_factory = None
    try:
        yield
    finally:
        Device.pin_factory = factory
        if name is None:
            os.environ.pop("GPIOZERO_PIN_FACTORY", None)
        else:
            os.environ["GPIOZERO_PIN_FACTORY"] = name
