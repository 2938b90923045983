"""The usual deployment of MediaPipe Pose, to measure against: Flask, one Pose, and a lock.

    python usual_flask.py PORT

Without the lock it crashes, or gives one client the landmarks of another one.
"""

import sys
import threading

import cv2
import flask
import mediapipe as mp
import numpy as np

app = flask.Flask(__name__)
pose = mp.solutions.pose.Pose(static_image_mode=True, model_complexity=1)
lock = threading.Lock()


@app.post("/detect")
def detect():
    picture = cv2.imdecode(np.frombuffer(flask.request.get_data(), np.uint8), cv2.IMREAD_COLOR)
    with lock:
        found = pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).pose_landmarks
    points = found.landmark if found else []
    return {"landmarks": [[p.x, p.y, p.z, p.visibility] for p in points]}


app.run("127.0.0.1", int(sys.argv[1]), threaded=True)
