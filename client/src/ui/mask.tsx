import type { VNode } from "preact"
import { useState } from "preact/hooks"
import type { State } from "../call/state.ts"
import { Tool, type ToolProps } from "./tool.tsx"
import { Unmask } from "./unmask.tsx"
import type { View } from "./view.ts"

function look({ camera, standing }: State["masking"]): ToolProps["look"] {
  if (standing.is === "unavailable" || standing.is === "stopped") return "trouble"
  if (camera.strength === "off") return "off"
  return standing.is === "loading" || standing.is === "checking" ? "starting" : "on"
}

/** On with one click; off only after it was seen what that means, and not where the room wants masks. */
export const MaskButton = (view: View): VNode => {
  const { state, act, say } = view
  const { camera, required } = state.masking
  const [asked, setAsked] = useState(false)
  const on = camera.strength !== "off"
  const turn = (): void => {
    if (!on) act({ do: "treat", change: { strength: "faces" } })
    else if (!required) setAsked(true)
  }
  return (
    <>
      <Tool
        icon={on ? "mask" : "mask-off"}
        name={say("mask")}
        label={say("mask.short")}
        look={look(state.masking)}
        pressed={on}
        onClick={turn}
        {...(required && { about: "mask-required" })}
      />
      {required && (
        <span id="mask-required" class="spoken">
          {say("mask.required")}
        </span>
      )}
      {asked && <Unmask view={view} onClose={() => setAsked(false)} />}
    </>
  )
}
