import { render } from "preact"
import { run } from "./call/run.ts"
import type { Action } from "./call/state.ts"
import { App } from "./ui/app.tsx"

const root = document.getElementById("app")
if (root !== null) {
  let act: (action: Action) => void = () => undefined
  act = run((state) => render(<App state={state} act={(action) => act(action)} />, root))
}
