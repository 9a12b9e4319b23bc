/** Joins the two halves of the page: call.js does everything, this file and ui/ draw it. Each is a bundle of its own. */

import { render } from "preact"
import { run } from "/call.js"
import type { Action } from "./call/state.ts"
import { App } from "./ui/app.tsx"

const root = document.getElementById("app")
if (root !== null) {
  let act: (action: Action) => void = () => undefined
  act = run((state) => render(<App state={state} act={(action) => act(action)} />, root))
}
