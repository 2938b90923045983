"""Which proxy answers, and what its settings are called."""

from collections.abc import Mapping
from typing import Final, Literal

from posemill.doctor.finding import Words

Topic = Literal["size", "upgrade", "buffering", "prefix", "root", "host"]

_FAMILIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("nginx", "openresty", "tengine"), "nginx"),
    "apache": "apache",
    "caddy": "caddy",
}
# {size}: bytes as nginx and Apache write them; {prefix}: without / at the end.
_SETTINGS: Final[Mapping[tuple[Topic, str], str]] = {
    ("size", "nginx"): "client_max_body_size {size}m;",
    ("size", "apache"): "LimitRequestBody {bytes}",
    ("size", "caddy"): "request_body {{ max_size {size}MB }}",
    ("upgrade", "nginx"): (
        "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
        'proxy_set_header Connection "upgrade";'
    ),
    ("upgrade", "apache"): "ProxyPass {prefix}/ http://127.0.0.1:5000/ upgrade=websocket",
    ("upgrade", "caddy"): "reverse_proxy 127.0.0.1:5000",
    ("buffering", "nginx"): "proxy_buffering off;",
    ("buffering", "apache"): "ProxyPass {prefix}/ http://127.0.0.1:5000/ flushpackets=on",
    ("buffering", "caddy"): "reverse_proxy 127.0.0.1:5000 {{ flush_interval -1 }}",
    ("prefix", "nginx"): (
        "location {prefix}/ {{ proxy_pass http://127.0.0.1:5000/; "
        "proxy_set_header X-Forwarded-Prefix {prefix}; ... }}"
    ),
    ("prefix", "apache"): (
        "ProxyPass {prefix}/ http://127.0.0.1:5000/ "
        'and RequestHeader set X-Forwarded-Prefix "{prefix}"'
    ),
    ("prefix", "caddy"): (
        "handle_path {prefix}/* {{ reverse_proxy 127.0.0.1:5000 {{ "
        "header_up X-Forwarded-Prefix {prefix} }} }}"
    ),
    ("root", "nginx"): "location / {{ proxy_pass http://127.0.0.1:5000; ... }}",
    ("root", "apache"): "ProxyPass / http://127.0.0.1:5000/",
    ("root", "caddy"): "reverse_proxy 127.0.0.1:5000",
    ("host", "nginx"): "proxy_set_header Host $http_host;",
    ("host", "apache"): "ProxyPreserveHost On",
    ("host", "caddy"): "header_up Host {{host}}",
}
_INGRESS: Final[Mapping[Topic, str]] = {
    "size": 'nginx.ingress.kubernetes.io/proxy-body-size: "{size}m"',
    "buffering": 'nginx.ingress.kubernetes.io/proxy-buffering: "off"',
}


def setting(topic: Topic, server: str, **values: object) -> Words:
    """Return the setting of the proxy that ``server`` names; of nginx where that isn't known."""
    if topic == "prefix" and not values["prefix"]:
        topic = "root"
    word = server.partition("/")[0].lower().partition(" ")[0]
    family = _FAMILIES.get(word, "")
    line = f"`{_SETTINGS[topic, family or 'nginx'].format(**values)}`"
    if family in ("", "nginx") and topic in _INGRESS:
        ingress = f"`{_INGRESS[topic].format(**values)}`"
        return Words(
            f"for nginx {line}, for Kubernetes' ingress {ingress}",
            f"nginx 为 {line}，Kubernetes ingress 为 {ingress}",
        )
    return Words(line if family else f"for nginx {line}", line if family else f"nginx 为 {line}")
