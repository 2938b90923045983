"""The words of the plain page, in both languages, and the page around them."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Human skeletons from pictures and videos",
        "about": "33 landmarks in 3D per person. Everything is computed on this machine.",
        "picture": "A picture",
        "draw": "Find people",
        "video": "A video, or a zip of pictures",
        "upload": "Upload",
        "choose": "Choose a picture first.",
        "found": "People found: {count}",
        "nobody": "Nobody was found. Whole bodies, upright and well lit, are found best.",
        "api": "API documentation",
        "jobs": "Jobs",
        "switch": "中文",
        "token": "Token",
        "enter": "Enter",
    },
    "zh": {
        "title": "从图片和视频中提取人体骨架",
        "about": "每人 33 个三维关键点，所有计算都在本机完成。",
        "picture": "图片",
        "draw": "检测人体",
        "video": "视频，或图片的 zip 压缩包",
        "upload": "上传",
        "choose": "请先选择一张图片。",
        "found": "检测到的人数：{count}",
        "nobody": "没有检测到人。全身、直立、光线充足的照片效果最好。",
        "api": "API 文档",
        "jobs": "任务",
        "switch": "English",
        "token": "令牌",
        "enter": "进入",
    },
}
# Addresses are relative, so that they hold under a prefix.
PAGE: Final = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>posemill</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem;
  margin: 2rem auto; padding: 0 1rem }}
header {{ display: flex; justify-content: space-between; align-items: baseline }}
h1 {{ font-size: 1.4rem; margin: 0 }}
form {{ border: 1px solid #8886; border-radius: .6rem; padding: 1rem; margin: 1rem 0 }}
label {{ display: block; font-weight: 600; margin-bottom: .5rem }}
button {{ font: inherit; padding: .3rem 1rem }}
img {{ max-width: 100%; border-radius: .6rem }}
pre {{ overflow: auto; font-size: .8rem }}
.problem {{ color: #c22; }}
</style></head><body>
<header><h1>posemill</h1><a href="?lang={other}">{switch}</a></header>
<p>{title}. {about}</p>
<form method="post" enctype="multipart/form-data" action="?lang={language}">
<label for="picture">{picture}</label>
<input id="picture" name="file" type="file" accept="image/*" required>
<button>{draw}</button></form>
{shown}
<form method="post" enctype="multipart/form-data" action="api/v1/jobs">
<label for="video">{video}</label>
<input id="video" name="file" type="file" accept="video/*,.zip" required>
<button>{upload}</button></form>
<p><a href="api/v1/jobs">{jobs}</a> · <a href="docs">{api}</a></p>
</body></html>
"""
