import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { chosen } from "./lib/texts/index.svelte";

const target = document.getElementById("app");
void chosen.load().then(() => target && mount(App, { target }));
