"""TLS: is there any, is the certificate good, whose is it, and for how long."""

import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from posemill.doctor.finding import Finding, Words, failed, good, skipped, warning
from posemill.doctor.remote.validity import validity
from posemill.doctor.remote.visit import Visit
from posemill.doctor.remote.wire import opened, secured

_DAY_S: Final = 86400.0
_SOON_S: Final = 14 * _DAY_S
# OpenSSL's codes, include/openssl/x509_vfy.h.
_SELF_SIGNED: Final = (18, 19)
_OTHER_NAME: Final = (62, 64)


def tls(visit: Visit) -> Iterator[Finding]:
    """Look at the certificate; with http, at what browsers refuse there."""
    if not visit.address.is_https:
        yield _plain(visit)
        return
    visit.context = ssl.create_default_context()
    try:
        with secured(visit, opened(visit), visit.context) as connection:
            yield _valid(connection)
    except ssl.SSLCertVerificationError as error:
        yield from _distrusted(visit, error)
    except (OSError, ssl.SSLError) as error:
        visit.blocked = Words("there is no TLS at this port", "该端口不支持 TLS")
        yield _no_tls(visit, error)


def _plain(visit: Visit) -> Finding:
    if visit.address.is_this_machine:
        return skipped(
            "plain_here",
            "http on this machine itself: nothing to encrypt, and browsers allow the webcam.",
            "在本机使用 http：无需加密，浏览器也允许使用摄像头。",
        )
    also = "" if visit.token is None else " The token goes over the network readable by others."
    zh_also = "" if visit.token is None else "令牌会以明文在网络中传输。"
    return warning(
        "plain_http",
        Words(
            "http, not encrypted: on this page browsers don't open the webcam (they do so on "
            f"https, and on localhost).{also}",
            "使用未加密的 http：浏览器不会在此页面打开摄像头"
            f"（只有 https 或 localhost 才允许）。{zh_also}",
        ),
        Words(
            "Put a proxy with a certificate in front and open https://. For a single browser, "
            "where only the webcam matters, an SSH tunnel does: "
            f"`ssh -L 5000:127.0.0.1:{visit.address.port} {visit.address.host}`, then "
            "http://localhost:5000.",
            "请在前面部署带证书的反向代理，并使用 https:// 访问。"
            "若只有一台电脑需要摄像头，可用 SSH 隧道："
            f"`ssh -L 5000:127.0.0.1:{visit.address.port} {visit.address.host}`，然后访问 "
            "http://localhost:5000。",
        ),
    )


def _valid(connection: ssl.SSLSocket) -> Finding:
    found: Any = connection.getpeercert() or {}
    left_s = ssl.cert_time_to_seconds(found["notAfter"]) - time.time()
    until = _day(time.time() + left_s)
    version, names = connection.version() or "TLS", ", ".join(_names(found))
    en = f"{version}, for {names}, by {_issuer(found)}, valid until {until}"
    zh = f"{version}，域名 {names}，由 {_issuer(found)} 签发，有效期至 {until}"
    if left_s < _SOON_S:
        days = int(left_s // _DAY_S)
        return warning(
            "certificate_expires",
            Words(f"{en}: {days} days more.", f"{zh}：仅剩 {days} 天。"),
            Words(
                "Renew the certificate, and see why that isn't done by itself: `certbot renew`.",
                "请更新证书，并检查自动续期为何没有生效：`certbot renew`。",
            ),
        )
    return good("certificate_valid", f"{en}.", f"{zh}。")


def _distrusted(visit: Visit, error: ssl.SSLCertVerificationError) -> Iterator[Finding]:
    """Say what is wrong with a certificate; look on without it, and without telling the token."""
    visit.context = ssl.create_default_context()
    visit.context.check_hostname = False
    if error.verify_code not in _OTHER_NAME:
        visit.context.verify_mode = ssl.CERT_NONE
    visit.is_trusted = False
    try:
        with secured(visit, opened(visit), visit.context) as connection:
            since_s, until_s = validity(connection.getpeercert(binary_form=True) or b"")
            names = _names(connection.getpeercert() or {})
    except OSError as second:
        visit.blocked = Words("TLS can't be agreed on", "TLS 握手失败")
        yield _no_tls(visit, second)
        return
    visit.context.verify_mode = ssl.CERT_NONE
    if not since_s <= time.time() <= until_s:
        yield _out_of_date(since_s, until_s)
    elif error.verify_code in _OTHER_NAME:
        yield _other_name(visit, names)
    elif not _knows_authorities():
        yield _no_authorities(until_s)
    else:
        yield _no_issuer(visit, error, until_s)
    if visit.token is not None:
        visit.closed = Words(
            "the token isn't told to a server whose certificate doesn't prove who it is",
            "服务器证书无法证明其身份，因此不发送令牌",
        )


def _out_of_date(since_s: float, until_s: float) -> Finding:
    is_early = time.time() < since_s
    en = f"isn't valid before {_day(since_s)}" if is_early else f"expired on {_day(until_s)}"
    zh = f"从 {_day(since_s)} 起才有效" if is_early else f"已于 {_day(until_s)} 过期"
    return failed(
        "certificate_expired",
        Words(
            f"The certificate {en}; it is {_day(time.time())} here.",
            f"证书{zh}；本机日期为 {_day(time.time())}。",
        ),
        Words(
            "Renew it (`certbot renew`) and have the proxy load it (`nginx -s reload`). If the "
            "date here is wrong, set this machine's clock.",
            "请更新证书（`certbot renew`）并让代理重新加载（`nginx -s reload`）。"
            "若本机日期不对，请校准时钟。",
        ),
    )


def _other_name(visit: Visit, names: list[str]) -> Finding:
    host, shown = visit.address.host, ", ".join(names) or "?"
    return failed(
        "certificate_name",
        Words(
            f"The certificate is for {shown}, not for {host}: browsers and programs refuse it.",
            f"证书对应的是 {shown}，而不是 {host}：浏览器和程序会拒绝连接。",
        ),
        Words(
            f"Open the service by a name that is in it, or get one that names {host}.",
            f"请使用证书中包含的域名访问，或申请包含 {host} 的证书。",
        ),
    )


def _no_issuer(visit: Visit, error: ssl.SSLCertVerificationError, until_s: float) -> Finding:
    host, is_own = visit.address.host, error.verify_code in _SELF_SIGNED
    en = "is self-signed" if is_own else f"isn't by anybody known here ({error.verify_message})"
    zh = "是自签名证书" if is_own else f"的签发者不被本机信任（{error.verify_message}）"
    is_address = _is_address(host)
    subject = f"IP:{host}" if is_address else f"DNS:{host}"
    return failed(
        "certificate_self_signed" if is_own else "certificate_unknown_issuer",
        Words(
            f"The certificate {en}, valid until {_day(until_s)}: browsers warn of it, programs "
            "refuse it.",
            f"该证书{zh}，有效期至 {_day(until_s)}：浏览器会警告，程序会拒绝连接。",
        ),
        Words(
            "From an authority: `certbot --nginx`; the file must hold the intermediate ones too "
            "(`fullchain.pem`). One of your own (`openssl req -x509 ... -addext subjectAltName="
            f"{subject}`) has to be added to the trusted ones of every browser; programs take it "
            "by SSL_CERT_FILE: `SSL_CERT_FILE=cert.pem posemill doctor --url ...`.",
            "使用机构签发的证书：`certbot --nginx`；证书文件须包含中间证书（`fullchain.pem`）。"
            f"自签名证书（`openssl req -x509 ... -addext subjectAltName={subject}`）"
            "需在每个浏览器中添加信任；程序可通过 SSL_CERT_FILE 指定："
            "`SSL_CERT_FILE=cert.pem posemill doctor --url ...`。",
        ),
    )


def _no_authorities(until_s: float) -> Finding:
    return warning(
        "no_authorities",
        Words(
            "Whether the certificate is good can't be told: this machine knows no authorities. "
            f"It is valid until {_day(until_s)}.",
            f"无法判断证书是否可信：本机没有根证书。该证书有效期至 {_day(until_s)}。",
        ),
        Words(
            "On this machine: `apt-get install ca-certificates`, or set SSL_CERT_FILE.",
            "请在本机执行 `apt-get install ca-certificates`，或设置 SSL_CERT_FILE。",
        ),
    )


def _no_tls(visit: Visit, error: OSError) -> Finding:
    reason = getattr(error, "reason", None) or error.strerror or str(error)
    port = visit.address.port
    return failed(
        "no_tls",
        Words(
            f"No TLS at port {port} ({reason}): what listens there most likely speaks http.",
            f"端口 {port} 的 TLS 握手失败（{reason}）：该端口很可能只提供 http。",
        ),
        Words(
            f"Open http://{visit.address.netloc}{visit.address.prefix}/, or the port at which the "
            "proxy ends TLS (`listen 443 ssl;`). posemill itself speaks http.",
            f"请访问 http://{visit.address.netloc}{visit.address.prefix}/，"
            "或使用代理提供 TLS 的端口（`listen 443 ssl;`）。posemill 自身只提供 http。",
        ),
    )


def _knows_authorities() -> bool:
    if ssl.create_default_context().cert_store_stats()["x509_ca"]:
        return True
    # A folder of them is read only when one is looked for.
    paths = ssl.get_default_verify_paths()
    return any(Path(paths.capath).iterdir()) if paths.capath else False


def _names(certificate: Any) -> list[str]:
    return [str(value) for _, value in certificate.get("subjectAltName", ())]


def _issuer(certificate: Any) -> str:
    fields = dict(pair for part in certificate.get("issuer", ()) for pair in part)
    return str(fields.get("organizationName") or fields.get("commonName") or "?")


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _day(time_s: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time_s))
