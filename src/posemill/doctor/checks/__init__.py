"""All that `posemill doctor` looks at on this machine, in the order in which it is told."""

from typing import Final

from posemill.doctor.check import Check
from posemill.doctor.checks import (
    cameras,
    clock,
    database,
    encoding,
    engine,
    environment,
    listening,
    machine,
    mediapipe,
    opencv,
    settings,
    storage,
)
from posemill.doctor.finding import Words

CHECKS: Final = (
    Check("python", Words("Python", "Python"), environment.python, 5),
    Check("environment", Words("Environment", "运行环境"), environment.environment, 5),
    Check("packages", Words("Packages", "依赖包"), environment.packages, 5),
    Check("opencv", Words("OpenCV", "OpenCV"), opencv.look, 5),
    Check("mediapipe", Words("MediaPipe", "MediaPipe"), mediapipe.look, 5),
    Check("openvino", Words("OpenVINO and processor", "OpenVINO 与处理器"), engine.openvino, 5),
    Check("cores", Words("Cores", "CPU 核心"), machine.cores, 4),
    Check("memory", Words("Memory", "内存"), machine.memory, 4),
    Check("models", Words("Model files", "模型文件"), engine.models, 5),
    Check("landmarks", Words("Landmarks", "关键点"), engine.landmarks, 5),
    Check("threads", Words("One engine, several threads", "多线程共用引擎"), engine.threads, 6),
    Check("encoding", Words("H.264 encoding", "H.264 编码"), encoding.look),
    Check("data_dir", Words("Data folder", "数据目录"), storage.data_dir),
    Check("database", Words("Database", "数据库"), database.look),
    Check("listening", Words("Address and port", "地址与端口"), listening.look, 1),
    Check("settings", Words("Settings", "设置"), settings.look),
    Check("uploads", Words("Upload limits", "上传限制"), settings.uploads, 2),
    Check("tracking", Words("Tracking and smoothing", "跟踪与平滑"), settings.tracking, 3),
    Check("load", Words("Frame rate and model", "帧率与模型"), settings.load, 4),
    Check("debug", Words("Debug", "调试"), settings.debug),
    Check("access", Words("Who may use it", "访问权限"), settings.access),
    Check("cameras", Words("Cameras", "摄像头"), cameras.look),
    Check("clock", Words("Clock", "时钟"), clock.look),
)
