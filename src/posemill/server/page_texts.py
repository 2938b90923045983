"""The words of the page where a token is entered, in both languages, and that page."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "A token is needed",
        "about": "Whoever runs this service chose it. This browser keeps it until you close it.",
        "token": "Token",
        "enter": "Enter",
        "wrong": "That is not the token.",
        "switch": "中文",
    },
    "zh": {
        "title": "需要令牌",
        "about": "令牌由本服务的管理者设置。关闭浏览器前一直有效。",
        "token": "令牌",
        "enter": "进入",
        "wrong": "令牌不正确。",
        "switch": "English",
    },
}
# Addresses are relative, so that they hold under a prefix.
LOGIN: Final = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>posemill</title>
<style>
:root {{ color-scheme: light dark; --accent: light-dark(#0b6e51, #5fd3a9); }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100dvh;
  display: grid; place-items: center; background: light-dark(#f5f6f4, #111412);
  color: light-dark(#18201c, #e9eeea) }}
main {{ width: min(24rem, calc(100vw - 2rem)); padding: 1.5rem; border-radius: 14px; display: grid;
  gap: .9rem; background: light-dark(#fff, #1a1e1b);
  border: 1px solid light-dark(#d8ddd9, #323a35) }}
h1 {{ font-size: 1.3rem; margin: 0 }}
p {{ margin: 0 }}
form {{ display: grid; gap: .9rem }}
label {{ display: grid; gap: .3rem; font-weight: 600 }}
input, button {{ font: inherit; min-height: 44px; border-radius: 10px; padding: 0 .8rem;
  border: 1px solid light-dark(#b9c1bc, #4b554f) }}
button {{ background: var(--accent); border-color: var(--accent); color: light-dark(#fff, #06281d);
  font-weight: 600 }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px }}
.bad {{ color: light-dark(#a3261b, #ff9c8f) }}
a {{ color: var(--accent) }}
</style></head><body><main>
<h1>{title}</h1><p>{about}</p>
<form method="post" action="{base}api/v1/session?lang={language}">
{wrong}<label>{token}<input name="token" type="password" autocomplete="current-password" required
 autofocus></label><button>{enter}</button></form>
<a href="{base}login?lang={other}" lang="{other}">{switch}</a>
</main></body></html>
"""
