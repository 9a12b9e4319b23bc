import type { VNode } from "preact"
import type { Capture, DeviceKind } from "../call/state.ts"
import type { Key } from "../i18n.ts"
import { Choice } from "./parts.tsx"
import type { View } from "./view.ts"

/** One of the lists. Before permission the browser gives no names, so they are numbered. */
const Picker = ({ kind, state, act, say }: View & { kind: DeviceKind }): VNode => {
  const { list, chosen } = state.devices
  const name = say(`device.${kind}`)
  const known = list[kind].filter((device) => device.id !== "")
  return (
    <Choice
      id={`choose-${kind}`}
      label={name}
      value={chosen[kind]}
      options={[["", say("device.default")], ...known.map(({ id, label }, i) => [id, label || `${name} ${i + 1}`] as const)]}
      onChoose={(id) => act({ do: "choose", kind, id })}
    />
  )
}

/** Camera, microphone, speaker; somebody who only watches has no use for the first two. */
export const Pickers = ({ speakerOnly = false, ...view }: View & { speakerOnly?: boolean }): VNode => {
  const { list, canChooseSpeaker } = view.state.devices
  const named = [...list.camera, ...list.microphone].some((device) => device.label !== "")
  return (
    <div class="pickers">
      {!speakerOnly && <Picker kind="camera" {...view} />}
      {!speakerOnly && <Picker kind="microphone" {...view} />}
      {canChooseSpeaker ? <Picker kind="speaker" {...view} /> : <p class="hint">{view.say("device.speaker-system")}</p>}
      {!named && !speakerOnly && <p class="hint">{view.say("device.names-later")}</p>}
    </div>
  )
}

/** How loud the own microphone is. */
export const Meter = ({ state, say }: View): VNode => {
  const on = state.devices.microphone === "on"
  const level = on ? Math.min(1, Math.max(0, state.devices.level)) : 0
  const heard = Math.round(level * 10) * 10 // coarse for those who have it read out
  return (
    // biome-ignore lint/a11y/useSemanticElements: the bar of <meter> cannot be styled everywhere
    <div
      class="meter"
      role="meter"
      aria-label={say("device.level")}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={heard}
      data-on={on}
    >
      <i style={{ transform: `scaleX(${level.toFixed(3)})` }} />
    </div>
  )
}

/** Why a device is not on although somebody wanted it. */
export const Trouble = ({ kind, capture, view }: { kind: "camera" | "microphone"; capture: Capture; view: View }): VNode | null => {
  if (capture !== "denied" && capture !== "missing" && capture !== "busy") return null
  return <p class="trouble">{view.say(`device.${kind}-${capture}` satisfies Key)}</p>
}
