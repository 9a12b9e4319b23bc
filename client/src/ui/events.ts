/** What happened, in words. */

import type { Event, Notice } from "../call/state.ts"
import type { Key, Say } from "../i18n.ts"

/** What a moderator does to a person: told to that person in words of their own. */
const personal = [
  "admit",
  "deny",
  "remove",
  "ban",
  "lobby",
  "mute",
  "stop-camera",
  "stop-screen",
  "lower-hand",
  "appoint",
  "dismiss",
  "allow-speech",
  "silence",
] as const satisfies readonly Event["did"][]

const isPersonal = (did: Event["did"]): did is (typeof personal)[number] => (personal as readonly string[]).includes(did)

/** One line about what a moderator did. */
export function deed({ by, did, whom, self }: Event, say: Say): string {
  const key: Key = self && isPersonal(did) ? `did.${did}-you` : `did.${did}`
  return say(key, { by: by || say("did.somebody"), whom: whom || say("did.whom") })
}

/** The line that goes away by itself. */
export function told(notice: Notice, say: Say): string {
  switch (notice.say) {
    case "arrived":
    case "left":
      return say(`notice.${notice.say}`, { name: notice.name || say("tile.nameless") })
    case "event":
      return deed(notice.event, say)
    case "camera-denied":
    case "microphone-denied":
      return say(`device.${notice.say}`)
    default:
      return say(`notice.${notice.say}`)
  }
}
