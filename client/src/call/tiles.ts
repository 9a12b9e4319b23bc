/** The tiles of a call, from what is known of the people in it. Pure. */

import { CAMERA, type Context, type PersonId, SCREEN } from "../../../e2ee/worker/port.ts"
import type { Room } from "./room.ts"
import type { Tile } from "./state.ts"
import type { Showing } from "./subscribe.ts"

export interface Self {
  readonly name: string
  readonly moderator: boolean
  readonly microphone: boolean
  readonly camera: MediaStream | null
  readonly screen: MediaStream | null
  readonly speaking: boolean
}

/**
 * One tile for each member of the group, this person first. Somebody whom the
 * server does not count among the people is away, not hidden: a member can
 * open what is said until the commit that removes the leaf.
 */
export function tiles(room: Room, showing: readonly Showing[], speaking: ReadonlySet<PersonId>, self: Self): Tile[] {
  const stream = (person: PersonId, context: Context): MediaStream | null =>
    showing.find((s) => s.wanted.person === person && s.wanted.context === context)?.stream ?? null
  const all = room.members.flatMap((m): Tile[] => {
    if (m.self) {
      const { name, moderator, microphone, camera, screen } = self
      const own = { name, moderator, microphone, camera: camera !== null, video: camera, screen, speaking: self.speaking }
      return [{ person: m.person, self: true, ...own, away: false, emoji: m.emoji }]
    }
    const presence = room.presence.get(m.person)
    const said = room.said.get(m.person)
    return [
      {
        person: m.person,
        self: false,
        name: said?.name ?? "",
        moderator: said?.moderator ?? false,
        microphone: (said?.media.microphone ?? "") !== "",
        camera: (said?.media.camera ?? "") !== "",
        video: stream(m.person, CAMERA),
        screen: stream(m.person, SCREEN),
        speaking: speaking.has(m.person),
        away: presence?.away ?? true,
        emoji: m.emoji,
      },
    ]
  })
  return [...all.filter((t) => t.self), ...all.filter((t) => !t.self)]
}
