/** How a masked picture stands, in words. Pure. */

import type { Masking } from "../call/state.ts"
import type { Say } from "../i18n.ts"
import { covering } from "../mask/treatment.ts"

/** Calm: as wished. Busy: soon. Warm: everything is covered, and somebody should know why. Alarm: no picture. */
export type Tone = "calm" | "busy" | "warm" | "alarm"

export interface Words {
  readonly tone: Tone
  readonly text: string
}

/** A reader is told of a download in quarters, not of every per cent. */
const QUARTERS = 4

/** Null: nothing is treated, so there is nothing to say. */
export function standingWords({ camera, standing }: Pick<Masking, "camera" | "standing">, say: Say): Words | null {
  switch (standing.is) {
    case "off":
      return null
    case "loading":
      return { tone: "busy", text: say("stand.loading", { part: Math.floor(standing.part * QUARTERS) * (100 / QUARTERS) }) }
    case "checking":
      return { tone: "busy", text: say("stand.checking") }
    case "dark":
    case "late":
    case "zones":
      return { tone: "warm", text: say(`stand.${standing.is}`) }
    case "stopped":
    case "unavailable":
      return { tone: "alarm", text: say(`stand.${standing.is}`) }
    case "masked":
      if (camera.strength === "body") return { tone: "calm", text: say("stand.body") }
      if (camera.strength === "faces") {
        const none = standing.faces === 0
        return { tone: none ? "warm" : "calm", text: say(none ? "stand.none" : "stand.masked") }
      }
      return { tone: "calm", text: say(covering(camera.zones) ? "stand.zoned" : "stand.background") }
  }
}
