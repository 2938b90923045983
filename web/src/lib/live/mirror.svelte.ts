const STORED = "posemill.mirror";

/** Whether people see themselves as in a mirror. What is sent and recorded never is mirrored. */
class Mirror {
  #isOn = $state(localStorage.getItem(STORED) !== "no");

  get isOn(): boolean {
    return this.#isOn;
  }

  set isOn(wanted: boolean) {
    this.#isOn = wanted;
    localStorage.setItem(STORED, wanted ? "yes" : "no");
  }
}

export const mirror = new Mirror();
