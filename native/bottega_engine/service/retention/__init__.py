"""What lies on this cluster, and what of it may go."""

from bottega_engine.service.retention.retention import Retention as Retention
from bottega_engine.service.retention.trash import Trash as Trash
