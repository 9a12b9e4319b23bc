/** What holds of every history: frames, results, faults and delays by chance, and a witness that keeps its own books. */

import assert from "node:assert/strict"
import test from "node:test"
import type { Box } from "../treatment.ts"
import { clip, contains } from "./boxes.ts"
import type { Cover, Face } from "./cover.ts"
import { DELAY_MS, LATE_MS, MOST_WAITING } from "./delay.ts"
import { Policy } from "./policy.ts"
import { difference, same } from "./scene.ts"

const HISTORIES = 40
const EVENTS = 260

type Random = (below: number) => number

/** Numbers by chance, the same for the same seed. */
function chance(seed: number): Random {
  let state = seed * 2654435761 + 1
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) | 0
    const mixed = Math.imul(state ^ (state >>> 13), 3266489917)
    return (((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32) * below
  }
}

interface Seen {
  readonly id: number
  readonly at: number
  readonly width: number
  readonly height: number
  readonly luma: Uint8Array
  readonly epoch: number // faults and resets before it
  fast: boolean
  readonly faces: Box[] // given for this frame, before it left
}

interface Left {
  readonly id: number
  readonly cover: Cover
}

/** Plays one history; the scores come from elsewhere, so that they can be others in the same history. */
function play(
  seed: number,
  score: () => number,
  check: (seen: readonly Seen[], full: readonly Seen[], left: Left, now: number) => void,
): Left[] {
  const random = chance(seed)
  const policy = new Policy()
  const seen: Seen[] = []
  const full: Seen[] = [] // that all networks have searched, of the present epoch
  const pending: { due: number; say: () => void }[] = []
  const out: Left[] = []
  const people = Array.from({ length: Math.floor(random(4)) }, () => ({
    x: random(600),
    y: random(300),
    size: 10 + random(150),
    speed: random(3) < 1 ? random(60) - 30 : 0,
  }))
  const slow = random(3) < 1
  let [now, epoch, bright, size] = [1000, 0, 100, { width: 640, height: 360 }]

  const faces = (): Face[] => {
    for (const person of people) person.x += person.speed
    return people
      .filter(() => random(4) < 3)
      .map(({ x, y, size }) => ({ x: x + random(4), y, width: size, height: size * 1.3, score: score() }))
  }
  const broken = (begin: () => void): void => {
    begin()
    epoch++
    full.length = 0
  }
  const frame = (): void => {
    if (random(60) < 1) bright = 60 + random(120)
    if (random(90) < 1) size = { width: size.height, height: size.width }
    const noise = random(2) < 1 ? 0 : 2
    const luma = new Uint8Array(576).map(() => bright + random(noise))
    const entry: Seen = { id: seen.length, at: now, ...size, luma, epoch, fast: false, faces: [] }
    seen.push(entry)
    policy.arrive({ id: entry.id, at: now, ...size, luma })
    const wants = policy.wants(entry.id)
    const take = (what: "fast" | "full") => () => {
      const found = faces()
      if (random(200) < 1 && found[0]) {
        found[0] = { ...found[0], x: Number.NaN }
        return broken(() => policy[what](entry.id, found))
      }
      policy[what](entry.id, found)
      if (what === "fast") entry.fast = true
      else if (entry.epoch === epoch) full.push(entry)
      if (!out.some(({ id }) => id === entry.id)) entry.faces.push(...found)
    }
    const lost = random(40) < 1
    if (wants.fast && !lost) pending.push({ due: now + 10 + random(slow ? 500 : 40), say: take("fast") })
    if (wants.full && random(20) > 1) pending.push({ due: now + 50 + random(slow ? 900 : 100), say: take("full") })
  }
  for (let i = 0; i < EVENTS; i++) {
    now += random(30) < 1 ? 200 + random(1500) : random(slow ? 120 : 40)
    for (const one of pending.filter(({ due }) => due <= now).sort((a, b) => a.due - b.due)) {
      pending.splice(pending.indexOf(one), 1)
      one.say()
    }
    if (random(5) < 4 && (!slow || policy.waiting < 2 || random(10) < 1)) frame()
    if (random(150) < 1) broken(() => policy.fault())
    if (random(150) < 1) broken(() => policy.reset("checking"))
    for (const left of policy.release(now)) {
      check(seen, full, left, now)
      out.push(left)
    }
    assert.ok(seen.length - out.length <= MOST_WAITING, "the line is bounded")
  }
  for (const left of policy.release(now + LATE_MS)) out.push(left)
  assert.deepEqual(
    out.map(({ id }) => id),
    seen.map(({ id }) => id),
    "all leave, in order, once",
  )
  return out
}

const every = (run: (seed: number) => void): void => {
  for (let seed = 1; seed <= HISTORIES; seed++) run(seed)
}

test("frames leave in order, once, and none before its delay unless three younger ones were searched", () => {
  let open = 0
  every((seed) => {
    play(
      seed,
      () => 0.5,
      (seen, _full, { id, cover }, now) => {
        const frame = seen[id] as Seen
        if (!cover.all) open++
        const ahead = seen.slice(id + 1).filter((other, i) => other.fast || (i >= 0 && !other.fast && likeSearched(seen, other))).length
        assert.ok(now - frame.at >= DELAY_MS || ahead >= 3 || seen.length - id > MOST_WAITING, `${now - frame.at} ms, ${ahead} ahead`)
      },
    )
  })
  assert.ok(open > HISTORIES * 20, `${open} frames were not covered whole: the rest proves something`)
})

/** Whether a frame without a result is the same as an earlier one that has one. */
const likeSearched = (seen: readonly Seen[], frame: Seen): boolean =>
  seen
    .slice(Math.max(0, frame.id - 3), frame.id)
    .some((other) => other.fast && other.epoch === frame.epoch && other.width === frame.width && same(other.luma, frame.luma))

test("no frame leaves open without its own result, or that of a frame that is the same", () => {
  every((seed) => {
    play(
      seed,
      () => 0.5,
      (seen, _full, { id, cover }) => {
        const frame = seen[id] as Seen
        if (!cover.all) assert.ok(frame.fast || likeSearched(seen, frame), `seed ${seed}, frame ${id}`)
      },
    )
  })
})

test("no frame leaves open unless all networks have searched one since the last cut, turn, sleep or fault", () => {
  every((seed) => {
    play(
      seed,
      () => 0.5,
      (seen, full, { id, cover }) => {
        if (cover.all) return
        const frame = seen[id] as Seen
        let first = id
        for (let n = id; n > 0; n--) {
          const [one, before] = [seen[n] as Seen, seen[n - 1] as Seen]
          if (
            one.epoch !== before.epoch ||
            one.width !== before.width ||
            one.at - before.at > 1000 ||
            difference(one.luma, before.luma) > 24
          )
            break
          first = n - 1
        }
        assert.equal(frame.epoch, Math.max(...seen.slice(first, id + 1).map(({ epoch }) => epoch)))
        assert.ok(
          full.some((other) => other.id >= first && other.id <= id),
          `seed ${seed}, frame ${id}`,
        )
      },
    )
  })
})

test("a face that was found in a frame before it left is covered in it", () => {
  every((seed) => {
    play(
      seed,
      () => 0.5,
      (seen, _full, { id, cover }) => {
        const frame = seen[id] as Seen
        if (cover.all) return
        for (const face of frame.faces) {
          const inside = clip(face, frame.width, frame.height)
          if (inside)
            assert.ok(
              cover.masks.some((mask) => contains(mask, inside)),
              `seed ${seed}, frame ${id}`,
            )
        }
      },
    )
  })
})

test("covers lie on the grid or the frame's edge, inside the frame, and their tracks are told apart", () => {
  every((seed) => {
    play(
      seed,
      () => 0.5,
      (seen, _full, { id, cover }) => {
        const { width, height } = seen[id] as Seen
        if (cover.all) return
        for (const { x, y, width: w, height: h } of cover.masks) {
          assert.ok(x >= 0 && y >= 0 && x + w <= width && y + h <= height && w > 0 && h > 0)
          assert.ok(x % 16 === 0 && y % 16 === 0 && ((x + w) % 16 === 0 || x + w === width) && ((y + h) % 16 === 0 || y + h === height))
        }
        assert.equal(new Set(cover.masks.map(({ track }) => track)).size, cover.masks.length)
      },
    )
  })
})

test("the same history gives the same covers, and how sure the networks were changes nothing", () => {
  every((seed) => {
    const scores = chance(seed + 1000)
    assert.deepEqual(
      play(
        seed,
        () => 0.5,
        () => {},
      ),
      play(
        seed,
        () => scores(1),
        () => {},
      ),
    )
  })
})
