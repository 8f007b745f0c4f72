"""The same project as for the service."""

from bottega_engine.service.tests.conftest import project as project
from bottega_engine.service.tests.conftest import tiny_model_folder as tiny_model_folder
