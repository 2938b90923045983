/** People in a room, by three.js: it comes with this file, which is loaded when it is needed. */
import {
  AmbientLight,
  BackSide,
  type BufferGeometry,
  Color,
  CylinderGeometry,
  DirectionalLight,
  DynamicDrawUsage,
  GridHelper,
  InstancedMesh,
  Matrix4,
  MeshBasicMaterial,
  MeshLambertMaterial,
  PerspectiveCamera,
  Quaternion,
  Scene,
  SphereGeometry,
  Spherical,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import type { Person, Skeleton } from "../api/client";
import { TRAIL_LENGTH, TRAILED, Trails } from "./trails";
import { placed, widthOf, type Place } from "./world";

const MOST_PEOPLE = 32;
const BONE_M = 0.016;
const JOINT_M = 0.023;
const RIM_M = 0.007;
const TRAIL_M = 0.011;
// Guesses about what is hidden are drawn thin.
const UNSURE = 0.45;
const LOOK_AT = new Vector3(0, 1.05, 0);
const UP = new Vector3(0, 1, 0);
// Hands above the head.
const HIGHEST_M = 2.4;
const VIEW_DEGREES = 35;
const SLOW_MS = 25;
const REST = 6;
const MOST_REST_MS = 200;

/** Many copies of one shape, each with a place and a colour; with a dark rim against light grounds. */
class Copies {
  readonly meshes: InstancedMesh[];
  #count = 0;
  readonly #matrix = new Matrix4();
  readonly #size = new Vector3();

  constructor(shape: BufferGeometry, most: number, private readonly rim: number) {
    const body = new InstancedMesh(shape, new MeshLambertMaterial(), most);
    const dark = new MeshBasicMaterial({ color: 0x101010, side: BackSide });
    this.meshes = rim ? [body, new InstancedMesh(shape, dark, most)] : [body];
    for (const mesh of this.meshes) {
      mesh.instanceMatrix.setUsage(DynamicDrawUsage);
      mesh.frustumCulled = false;
      mesh.count = 0;
    }
    body.setColorAt(0, new Color()); // makes room for colours before the first drawing
  }

  begin(): void {
    this.#count = 0;
  }

  add(at: Vector3, turn: Quaternion, radius: number, height: number, colour: Color): void {
    const [body, rim] = this.meshes as [InstancedMesh, InstancedMesh | undefined];
    if (this.#count >= body.instanceMatrix.count) return;
    this.#matrix.compose(at, turn, this.#size.set(radius, height, radius));
    body.setMatrixAt(this.#count, this.#matrix);
    body.setColorAt(this.#count, colour);
    const thick = radius + this.rim;
    this.#matrix.compose(at, turn, this.#size.set(thick, height === radius ? thick : height, thick));
    rim?.setMatrixAt(this.#count, this.#matrix);
    this.#count += 1;
  }

  end(): void {
    for (const mesh of this.meshes) {
      mesh.count = this.#count;
      mesh.instanceMatrix.needsUpdate = true;
      if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
    }
  }

  dispose(): void {
    for (const mesh of this.meshes) {
      mesh.geometry.dispose();
      if (!Array.isArray(mesh.material)) mesh.material.dispose();
      mesh.dispose();
    }
  }
}

export class Room {
  readonly #renderer: WebGLRenderer;
  readonly #camera = new PerspectiveCamera(VIEW_DEGREES, 1, 0.05, 60);
  readonly #controls: OrbitControls;
  readonly #scene = new Scene();
  readonly #grid = new GridHelper(6, 12, 0x6f7f77, 0x8a9a92);
  readonly #bones: Copies;
  readonly #joints: Copies;
  readonly #paths: Copies;
  readonly #trails = new Trails();
  readonly #colours = new Map<string, Color>();
  readonly #white = new Color(0xffffff);
  #people = 1;
  #isTurned = false;
  #asked = 0;
  #drawnAt = -Infinity;
  #rest = 0;

  /** Throws where there is no WebGL. */
  constructor(canvas: HTMLCanvasElement) {
    this.#renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.#bones = new Copies(new CylinderGeometry(1, 1, 1, 12, 1), 36 * MOST_PEOPLE, RIM_M);
    this.#joints = new Copies(new SphereGeometry(1, 14, 10), 33 * MOST_PEOPLE, RIM_M);
    const stretches = TRAILED.length * TRAIL_LENGTH * MOST_PEOPLE;
    this.#paths = new Copies(new CylinderGeometry(1, 1, 1, 6, 1), stretches, 0);
    this.#build();
    this.#controls = new OrbitControls(this.#camera, canvas);
    this.#controls.enablePan = false;
    this.#controls.minDistance = 0.8;
    this.#controls.maxDistance = 20;
    this.#controls.maxPolarAngle = Math.PI / 2 - 0.02; // not from below the floor
    this.#controls.addEventListener("change", this.#ask);
    this.#controls.addEventListener("start", () => (this.#isTurned = true));
    canvas.addEventListener("webglcontextrestored", this.#ask);
    this.front();
  }

  resize(width: number, height: number): void {
    if (!width || !height) return;
    this.#renderer.setPixelRatio(Math.min(window.devicePixelRatio || 1, 2));
    this.#renderer.setSize(width, height, false);
    this.#camera.aspect = width / height;
    this.#camera.updateProjectionMatrix();
    if (!this.#isTurned) this.front();
    this.#ask();
  }

  /** Look from where the camera stood. */
  front(): void {
    this.#isTurned = false;
    const half = Math.tan((VIEW_DEGREES * Math.PI) / 360);
    const wide = widthOf(this.#people) / (2 * half * this.#camera.aspect);
    const distance = Math.max(wide, HIGHEST_M / (2 * half)) * 1.05;
    this.#controls.target.copy(LOOK_AT);
    this.#camera.position.set(0, LOOK_AT.y + distance * 0.1, distance);
    this.#controls.update();
    this.#ask();
  }

  /** Turn, and go nearer or away, by keys. */
  turn(around: number, up: number, nearer = 1): void {
    this.#isTurned = true;
    const offset = this.#camera.position.clone().sub(this.#controls.target);
    const at = new Spherical().setFromVector3(offset);
    at.theta += around;
    at.phi = Math.min(Math.PI / 2 - 0.02, Math.max(0.05, at.phi - up));
    at.radius *= nearer;
    this.#camera.position.copy(this.#controls.target).add(offset.setFromSpherical(at));
    this.#controls.update();
    this.#ask();
  }

  show(people: readonly Person[], skeleton: Skeleton, trail: boolean, minVisibility: number): void {
    if (people.length && people.length !== this.#people) {
      this.#people = people.length;
      if (!this.#isTurned) this.front();
    }
    const places = placed(people);
    for (const copies of this.#all) copies.begin();
    people.forEach((person, number) => this.#person(person, places[number]!, skeleton, minVisibility));
    if (trail) this.#trails.add(people, places);
    else this.#trails.forget();
    this.#trails.each((from, to, joint, age) => {
      const limb = `${joint % 2 ? "left" : "right"}_${joint < 23 ? "arm" : "leg"}`;
      this.#stretch(this.#paths, from, to, TRAIL_M * (1 - 0.8 * age), this.#colour(skeleton, limb));
    });
    for (const copies of this.#all) copies.end();
    this.#ask();
  }

  /** Forget where people were: the video goes on somewhere else. */
  forget(): void {
    this.#trails.forget();
  }

  dispose(): void {
    cancelAnimationFrame(this.#asked);
    this.#controls.dispose();
    for (const copies of this.#all) copies.dispose();
    this.#grid.dispose();
    this.#renderer.dispose();
    this.#renderer.forceContextLoss(); // browsers allow few of them
  }

  get #all(): Copies[] {
    return [this.#bones, this.#joints, this.#paths];
  }

  #build(): void {
    const [sun, fill] = [new DirectionalLight(0xffffff, 1.7), new DirectionalLight(0xffffff, 0.5)];
    sun.position.set(1.5, 3, 3);
    fill.position.set(-2, 1, -2);
    this.#grid.material.transparent = true;
    this.#grid.material.opacity = 0.55;
    this.#scene.add(this.#grid, new AmbientLight(0xffffff, 1.5), sun, fill);
    for (const copies of this.#all) this.#scene.add(...copies.meshes);
  }

  #person(person: Person, places: readonly Place[], skeleton: Skeleton, minVisibility: number): void {
    const thickness = (landmark: number) => {
      const [, , , visibility = 1, presence = 1] = person.landmarks[landmark] ?? [];
      return visibility >= minVisibility && presence >= minVisibility ? 1 : UNSURE;
    };
    for (const { from, to, limb } of skeleton.bones) {
      const [one, other] = [places[from], places[to]];
      if (!one || !other) continue;
      const radius = BONE_M * Math.min(thickness(from), thickness(to)) * (limb === "face" ? 0.6 : 1);
      this.#stretch(this.#bones, one, other, radius, this.#colour(skeleton, limb));
    }
    places.forEach((place, landmark) => {
      const radius = JOINT_M * thickness(landmark) * (landmark < 11 ? 0.55 : 1);
      this.#joints.add(this.#at.set(...place), this.#still, radius, radius, this.#white);
    });
  }

  readonly #at = new Vector3();
  readonly #way = new Vector3();
  readonly #still = new Quaternion();
  readonly #turn = new Quaternion();

  #stretch(copies: Copies, from: Place, to: Place, radius: number, colour: Color): void {
    this.#way.set(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
    const length = this.#way.length();
    if (!(length > 0)) return;
    this.#turn.setFromUnitVectors(UP, this.#way.divideScalar(length));
    this.#at.set((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, (from[2] + to[2]) / 2);
    copies.add(this.#at, this.#turn, radius, length, colour);
  }

  #colour(skeleton: Skeleton, name: string): Color {
    const known = this.#colours.get(name);
    if (known) return known;
    const colour = new Color(skeleton.colours[name] ?? "#fff");
    this.#colours.set(name, colour);
    return colour;
  }

  // Several changes in one frame are drawn once.
  readonly #ask = (): void => {
    this.#asked ||= requestAnimationFrame(this.#painted);
  };

  // Where drawing holds up the page's frames, as without a graphics card, it is done less often: a
  // video beside it comes first.
  readonly #painted = (now: number): void => {
    const isHeld = now - this.#drawnAt < this.#rest;
    this.#asked = isHeld ? requestAnimationFrame(this.#painted) : 0;
    if (isHeld) return;
    this.#drawnAt = now;
    this.#renderer.render(this.#scene, this.#camera);
    requestAnimationFrame((next) => {
      const took = next - now;
      this.#rest = took < SLOW_MS ? 0 : Math.min(took * REST, MOST_REST_MS);
    });
  };
}
