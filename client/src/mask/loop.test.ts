import assert from "node:assert/strict"
import test from "node:test"
import { DELAY_MS } from "./cover/delay.ts"
import { Policy } from "./cover/policy.ts"
import { ANSWER_MS, Loop, type World } from "./loop.ts"
import type { Ask } from "./port.ts"
import { MOST_HELD, Ring } from "./ring.ts"
import { NO_TREATMENT, NO_ZONES, type Standing, type Treatment } from "./treatment.ts"

const FACES: Treatment = { ...NO_TREATMENT, strength: "faces" }
const FACE = { x: 100, y: 60, width: 60, height: 80, score: 0.9 }

interface Left {
  readonly id: number
  readonly open: boolean // something of the camera is in it
  readonly masks: number
}

/** A loop over a camera, networks and a clock that a test moves by hand. */
function setup({ treatment = FACES, camera = "c1", pixels = { width: 320, height: 180 } } = {}) {
  const left: Left[] = []
  const asks: Ask[] = []
  const painted: boolean[] = [] // from what was searched
  const wakes: number[] = []
  const stands: Standing[] = []
  let [now, made, closed, twice] = [0, 0, 0, 0]
  let fast: () => Promise<readonly (typeof FACE)[]> = async () => [FACE]
  let luma = 120
  const shot = () => {
    let open = true
    made++
    const close = (): void => {
      if (open) closed++
      else twice++
      open = false
    }
    return { frame: { timestamp: made, close }, width: 640, height: 360 }
  }
  const world: World<ReturnType<typeof shot>, Left> = {
    now: () => now,
    judge: ({ strength }) => new Policy({ body: strength === "body" }),
    pixels: () => ({ data: new Uint8ClampedArray(4), ...pixels }),
    brightness: () => ({ luma: new Uint8Array(32 * 18).fill(luma), noise: 0 }),
    fast: () => fast(),
    ask: (ask) => asks.push(ask),
    wake: (ms) => wakes.push(ms),
    paint: ({ frame }, seen, { masks }) => {
      painted.push(seen !== null)
      return { id: frame.timestamp, open: true, masks: masks.length }
    },
    blank: (_w, _h, _t, timestamp) => ({ id: timestamp, open: false, masks: 0 }),
    released: (picture) => left.push(picture),
    standing: (standing) => stands.push(standing),
  }
  const loop = new Loop(world, treatment, camera)
  /** One frame every 33 ms; what was asked of the other worker is answered at once, if it answers. */
  const film = async (frames: number, answers = true): Promise<void> => {
    for (let i = 0; i < frames; i++) {
      let waits = true
      void loop.take(shot()).then(() => {
        waits = false
      })
      await new Promise((turn) => setImmediate(turn))
      if (answers) {
        for (const { id, known } of asks.splice(0)) {
          loop.found(id, known, known === null ? { columns: 1, rows: 1, likely: Uint8Array.of(0) } : null)
        }
      }
      do {
        now += 33
        loop.release()
        await new Promise((turn) => setImmediate(turn))
      } while (waits)
    }
  }
  return {
    loop,
    left,
    asks,
    painted,
    wakes,
    stands,
    shot,
    film,
    pass: (ms: number) => {
      now += ms
      loop.release()
    },
    /** Time goes on and nothing else happens; says what time it is. */
    clock: (ms: number) => {
      now += ms
      return now
    },
    finds: (how: typeof fast) => {
      fast = how
    },
    scene: (to: number) => {
      luma = to
    },
    balance: () => ({ made, closed, twice }),
  }
}

/**
 * A minute of a person who moves, on a machine whose mask worker is blocked for
 * `search` ms by each frame, and whose other worker needs `all` for one. The
 * camera gives its newest frame whenever one is taken.
 */
async function strained(search: number, all: number): Promise<readonly Left[]> {
  const { loop, left, asks, finds, shot, clock, scene } = setup()
  const nobody = { columns: 1, rows: 1, likely: Uint8Array.of(0) }
  const answers: { at: number; ask: Ask }[] = []
  const settle = (): Promise<void> => new Promise((turn) => setImmediate(turn))
  finds(async () => {
    clock(search) // blocked: what comes meanwhile is heard, and the tick runs, afterwards
    return [FACE]
  })
  let frames = 0
  while (clock(0) < 60_000) {
    scene(frames++ % 2 === 0 ? 120 : 126) // never the same
    let taken = false
    void loop.take(shot()).then(() => {
      taken = true
    })
    await settle()
    for (const ask of asks.splice(0)) answers.push({ at: clock(0) - search + all, ask })
    do {
      clock(20)
      for (const { ask } of answers.filter(({ at }) => at <= clock(0))) loop.found(ask.id, ask.known, ask.known === null ? nobody : null)
      answers.splice(0, answers.length, ...answers.filter(({ at }) => at > clock(0)))
      loop.release()
      await settle()
    } while (!taken)
    assert.equal(loop.deaf, false)
  }
  loop.close()
  return left
}

test("nothing of the camera is in any frame before one was searched by all networks", async () => {
  const { film, left, loop } = setup()
  await film(20, false)
  assert.ok(left.length > 5)
  assert.ok(left.every((l) => !l.open))
  loop.close()
})

test("then faces are masked, in the order the frames came, and each frame is closed once", async () => {
  const { film, left, loop, balance, stands } = setup()
  await film(30)
  const open = left.filter((l) => l.open)
  assert.ok(open.length > 20 && open.every((l) => l.masks > 0))
  assert.deepEqual(
    left.map((l) => l.id),
    left.map((l) => l.id).sort((a, b) => a - b),
  )
  assert.ok(stands.some((s) => s.is === "masked" && s.faces === 1))
  loop.close()
  assert.deepEqual(balance(), { made: 30, closed: 30, twice: 0 })
})

test("faces are told in pixels of the frame, not of what was searched", async () => {
  const { film, loop, left } = setup()
  await film(10)
  assert.ok(left.some((l) => l.masks === 1))
  loop.close()
})

test("a network that breaks ends the frame's way, and none before it leaves open", async () => {
  for (const how of [
    async () => Promise.reject(new Error("memory")),
    async () => [{ ...FACE, x: Number.NaN }],
    async () => [{ ...FACE, height: Number.POSITIVE_INFINITY }],
  ]) {
    const { film, finds, left, loop, shot, pass } = setup()
    await film(10)
    const before = left.length
    finds(how)
    await assert.rejects(loop.take(shot()))
    pass(1000)
    assert.ok(left.slice(before).every((l) => !l.open))
    loop.close()
  }
})

test("another scene is covered until it was searched", async () => {
  const { film, left, scene, loop } = setup()
  await film(15)
  scene(220)
  const before = left.length
  await film(12, false)
  const after = left.slice(before).filter((l) => l.id > 15)
  assert.ok(after.length > 3 && after.every((l) => !l.open))
  loop.close()
})

test("what is held is thrown away with the mask it was held for", async () => {
  const { film, left, loop, balance } = setup()
  await film(15)
  const before = left.length
  loop.treat({ ...FACES, strength: "body" }, "c1")
  assert.equal(loop.held, 0)
  await film(5, false)
  assert.ok(left.slice(before).every((l) => !l.open))
  loop.close()
  assert.equal(balance().twice, 0)
})

test("a worker that does not answer is noticed", async () => {
  const { film, loop, pass, asks } = setup()
  await film(1, false)
  assert.ok(asks.length > 0)
  assert.equal(loop.deaf, false)
  pass(ANSWER_MS + 1)
  assert.equal(loop.deaf, true)
  loop.close()
})

test("the others search what the fast networks searched, are told what those found, and are asked when that is known", async () => {
  const { film, loop, asks, finds } = setup()
  let found: (faces: readonly (typeof FACE)[]) => void = () => undefined
  finds(() => new Promise((done) => (found = done)))
  const filmed = film(1, false)
  await new Promise((turn) => setImmediate(turn))
  assert.deepEqual(
    asks.map(({ known, person }) => ({ known, person })),
    [{ known: null, person: true }],
    "a silhouette needs nothing of them",
  )
  found([FACE])
  await filmed
  assert.deepEqual(
    asks.map(({ id, known }) => ({ id, known })),
    [
      { id: 1, known: null },
      { id: 1, known: [FACE] },
    ],
  )
  loop.close()
})

test("a frame is painted from what was searched where that is all of it, and is looked for when it is due", async () => {
  const { film, loop, painted, wakes } = setup({ pixels: { width: 640, height: 360 } })
  await film(12)
  assert.ok(painted.length > 3 && painted.every((seen) => seen))
  assert.ok(wakes.length > 3 && wakes.every((ms) => ms > 0 && ms <= DELAY_MS))
  loop.close()
  const smaller = setup()
  await smaller.film(12)
  assert.ok(smaller.painted.length > 3 && smaller.painted.every((seen) => !seen))
  smaller.loop.close()
})

test("an answer for a policy that is gone counts for nothing", async () => {
  const { film, loop, left, asks } = setup()
  await film(1, false)
  const [old] = asks
  loop.treat({ ...FACES, strength: "body" }, "c1")
  loop.treat(FACES, "c1")
  loop.found(old?.id ?? 0, [FACE], null)
  await film(10, false)
  assert.ok(left.every((l) => !l.open))
  loop.close()
})

test("no camera's frame for a while: one covered frame, and a search before anything is open", async () => {
  const { film, loop, left, stands } = setup()
  await film(15)
  const before = left.length
  loop.still(99)
  assert.deepEqual(left.slice(before), [{ id: 99, open: false, masks: 0 }])
  assert.equal(stands.at(-1)?.is, "checking")
  await film(8, false)
  assert.ok(left.slice(before).every((l) => !l.open))
  loop.close()
})

test("zones alone need no search, and those of another picture cover everything", async () => {
  const zones = { ...NO_ZONES, zones: [{ id: 1, corners: [] }] }
  const here = setup({ treatment: { ...NO_TREATMENT, zones } })
  await here.film(3)
  assert.ok(here.left.length === 3 && here.left.every((l) => l.open))
  for (const strength of ["off", "faces"] as const) {
    const treatment: Treatment = { ...NO_TREATMENT, strength, zones: { ...zones, of: { camera: "c2", aspect: 16 / 9 } } }
    const there = setup({ treatment })
    await there.film(15)
    assert.ok(there.left.length > 2 && there.left.every((l) => !l.open))
    assert.equal(there.stands.at(-1)?.is, "zones")
    there.loop.close()
    assert.equal(there.balance().closed, 15)
  }
})

test("a slow network lowers the rate: no frame is taken while two wait", async () => {
  const { loop, shot, finds } = setup()
  let answer: (faces: readonly (typeof FACE)[]) => void = () => undefined
  finds(
    () =>
      new Promise((done) => {
        answer = done
      }),
  )
  let taken = false
  void loop.take(shot()).then(() => {
    taken = true
  })
  await new Promise((turn) => setImmediate(turn))
  assert.equal(taken, false)
  answer([])
  await new Promise((turn) => setImmediate(turn))
  assert.equal(taken, true)
  loop.close()
})

for (const [search, all, rate] of [
  [100, 400, 7],
  [300, 1200, 2.5],
  [450, 1800, 1.5],
  [900, 3600, 0.5],
] as const) {
  test(`a machine that searches a frame in ${search} ms, and with all networks in ${all}, still lets out ${rate} a second that show what is not masked`, async () => {
    const open = (await strained(search, all)).filter((l) => l.open)
    assert.ok(open.length / 60 >= rate, `${(open.length / 60).toFixed(1)} open frames a second`)
    assert.ok(open.every((l) => l.masks > 0))
  })
}

test("a ring that is never emptied stays bounded and closes what falls out", () => {
  const ring = new Ring<{ frame: { close(): void } }>()
  let closed = 0
  for (let id = 0; id < 100; id++) ring.put(id, { frame: { close: () => closed++ } })
  assert.deepEqual([ring.size, closed], [MOST_HELD, 100 - MOST_HELD])
  assert.throws(() =>
    ring.take(99, () => {
      throw new Error("painting failed")
    }),
  )
  assert.equal(closed, 101 - MOST_HELD)
  ring.clear()
  assert.equal(closed, 100)
})
