/** Meetings in which somebody looks for a face in somebody else's picture. */

import type { Kind } from "./browsers.ts"
import { type Faces, facing } from "./faced.ts"
import type { Meeting } from "./meeting.ts"
import type { Person } from "./person.ts"

/** Somebody who looks, and somebody who shows the drawn face. */
export async function two(meeting: Meeting, kind: Kind): Promise<[Person, Person]> {
  const ada = await meeting.host("chromium", { number: 61, name: "Ada", scripts: [facing()] }, {})
  const bob = await meeting.guest(kind, { number: 62, name: "Bob", scripts: [facing()] }, {})
  await ada.page.evaluate(() => window.faced.watch("Bob"))
  return [ada, bob]
}

/** What was seen until so many frames were, that show the room. */
export async function seen(ada: Person, open: number): Promise<Faces> {
  let all: Faces = { frames: 0, open: 0, exposed: 0, most: -1 }
  await ada.until(`sees ${open} frames of the room`, async () => {
    const now = await ada.page.evaluate(() => window.faced.take())
    const most = Math.max(all.most, now.most)
    all = { frames: all.frames + now.frames, open: all.open + now.open, exposed: all.exposed + now.exposed, most }
    return all.open >= open
  })
  return all
}
