"""Alerts: raised by rules, stored, and told until they have arrived."""

from posemill.alerts.alert import Alert, log_alert
from posemill.alerts.alerter import Alerter, Change, raise_test
from posemill.alerts.delivery import Deliveries
from posemill.alerts.mqtt import Broker
from posemill.alerts.store import AlertStore

__all__ = [
    "Alert",
    "AlertStore",
    "Alerter",
    "Broker",
    "Change",
    "Deliveries",
    "log_alert",
    "raise_test",
]
