/** One's own picture as the others get it: how it stands, and what is asked about it. */

import type { VNode } from "preact"
import type { State } from "../call/state.ts"
import { NO_ZONES, type Zones } from "../mask/treatment.ts"
import { Drawn } from "./icons.tsx"
import { Button } from "./parts.tsx"
import { standingWords } from "./standing-words.ts"
import type { View } from "./view.ts"

/** One's own camera as the others get it; null while it is off. */
export const ownPicture = ({ stage, tiles }: State): MediaStream | null =>
  stage.at === "prejoin" ? stage.preview : (tiles.find((tile) => tile.self)?.video ?? null)

/** What stands in place of one's own picture: that the camera is off, or why nothing is seen of it yet. */
export const NoPicture = ({ state, say }: View): VNode => {
  const { camera } = state.devices
  const words = camera === "starting" ? "device.camera-starting" : camera === "on" ? "mask.waiting" : "device.camera-off"
  return <p class="behind">{say(words)}</p>
}

/** How the picture stands, over it. Who has it read out is told at one place alone (Told). */
export const StandingSign = ({ state, say, short = false }: View & { short?: boolean }): VNode | null => {
  const words = standingWords(state.masking, say)
  return words === null ? null : (
    <div class="standing-place">
      <p class="standing" data-tone={words.tone}>
        <Drawn icon={words.tone === "calm" ? "mask" : words.tone === "busy" ? "eye" : "warning"} />
        <span>{short ? words.short : words.text}</span>
      </p>
    </div>
  )
}

/** The same for a screen reader. The region is always there, or the first words would be missed. */
export const Told = ({ state, say }: View): VNode => (
  <p class="spoken" role="status">
    {standingWords(state.masking, say)?.text}
  </p>
)

/** The zones were drawn for another picture: somebody has to look before anything is seen again. */
export const Confirmation = ({ act, say }: View): VNode => (
  <div class="row wrap">
    <Button kind="main" onClick={() => act({ do: "zones-confirm" })}>
      {say("zones.fit")}
    </Button>
    <Button onClick={() => act({ do: "treat", change: { zones: NO_ZONES } })}>{say("zones.clear")}</Button>
  </div>
)

/** Zones of a shared screen belong to its shape: a window that is resized shows other things in the same place. */
export const ofScreen = ({ zones, inverse }: Zones, aspect: number | null): Zones => ({
  zones,
  inverse,
  ...(aspect !== null && { of: { camera: "", aspect } }),
})

export const ScreenConfirmation = ({ state, act, say }: View): VNode => {
  const { screen, screenStanding } = state.masking
  const aspect = screenStanding.is === "zones" ? (screenStanding.aspect ?? null) : null
  return (
    <div class="row wrap">
      <Button kind="main" onClick={() => act({ do: "zones-screen", zones: ofScreen(screen, aspect) })}>
        {say("zones.fit")}
      </Button>
      <Button onClick={() => act({ do: "zones-screen", zones: NO_ZONES })}>{say("zones.clear")}</Button>
    </div>
  )
}
