"""The words every room of Bottega shares: models, validation, the API version."""

from .version import API_VERSION as API_VERSION
