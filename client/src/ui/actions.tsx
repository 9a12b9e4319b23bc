import type { VNode } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import type { Order, PersonId, Tile } from "../call/state.ts"
import type { Key } from "../i18n.ts"
import { Drawn } from "./icons.tsx"
import { Button, Confirm, onEscape, Switch } from "./parts.tsx"
import type { View } from "./view.ts"

type Step = "none" | "more" | "remove" | "ban"

interface Props {
  readonly tile: Tile
  readonly about: string // id of the element with the name
  readonly view: View
  readonly onWrite: (person: PersonId) => void
}

/**
 * What a moderator can do to somebody. The four that are urgent lie open; the
 * others are one step away; removing and banning ask once more, in place.
 */
export const Actions = ({ tile, about, view, onWrite }: Props): VNode => {
  const { act, say } = view
  const [step, setStep] = useState<Step>("none")
  const place = useRef<HTMLDivElement>(null)
  const before = useRef<Step>("none")
  useEffect(() => {
    // What was pressed to open the step has the focus again once it is closed.
    if (step === "none") place.current?.querySelector<HTMLElement>(`[data-opens="${before.current}"]`)?.focus()
    before.current = step
  }, [step])
  const order = (wanted: Order): void => act({ do: "order", order: wanted })
  const close = (): void => setStep("none")
  const { person } = tile
  const name = tile.name || say("tile.nameless")
  const out = tile.moderator ? [] : (["remove", "ban"] as const)
  if (step === "remove" || step === "ban") {
    return (
      <div class="acts" ref={place}>
        <Sure
          how={step}
          about={about}
          name={name}
          view={view}
          onCancel={close}
          onSure={(renew) => {
            order(step === "ban" ? { order: "ban", person, renew } : { order: "remove", person })
            document.getElementById("panel-title")?.focus() // their line goes away
            close()
          }}
        />
      </div>
    )
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: not the fields of a form
    <div class="acts" role="group" aria-labelledby={about} ref={place} onKeyDown={step === "more" ? onEscape(close) : undefined}>
      <Voice tile={tile} about={about} view={view} />
      {!tile.moderator && (
        <Button kind="quiet" about={about} onClick={() => order({ order: "lobby", person })}>
          {say("act.lobby")}
        </Button>
      )}
      {out.map((how) => (
        <button key={how} type="button" class="button quiet" data-opens={how} aria-describedby={about} onClick={() => setStep(how)}>
          {say(`act.${how}`)}
        </button>
      ))}
      <button
        type="button"
        class="button quiet more"
        data-opens="more"
        aria-label={say("act.more")}
        aria-describedby={about}
        aria-expanded={step === "more"}
        onClick={() => setStep(step === "more" ? "none" : "more")}
      >
        <Drawn icon="more" />
      </button>
      {step === "more" && <More tile={tile} about={about} view={view} onWrite={onWrite} />}
    </div>
  )
}

type Part = Omit<Props, "onWrite">

const mayBeSilenced = (tile: Tile): boolean => tile.role === "participant" && !tile.moderator

/** Who may not speak is not muted but given the floor. */
const Voice = ({ tile, about, view: { act, say } }: Part): VNode | null => {
  const { person, maySpeak } = tile
  if (tile.role === "viewer") return null
  const order: Order =
    mayBeSilenced(tile) && !maySpeak ? { order: "speech", person, may: true } : { order: "stop", person, source: "microphone" }
  return (
    <Button kind="quiet" about={about} onClick={() => act({ do: "order", order })}>
      {say(order.order === "speech" ? "act.allow-speech" : "act.mute")}
    </Button>
  )
}

interface SureProps {
  readonly how: "remove" | "ban"
  readonly about: string
  readonly name: string
  readonly view: View
  readonly onSure: (renew: boolean) => void
  readonly onCancel: () => void
}

/** The second step, with what a ban can also do. */
const Sure = ({ how, about, name, view, onSure, onCancel }: SureProps): VNode => {
  const [renew, setRenew] = useState(false)
  const { say } = view
  return (
    <Confirm
      ask={say(`act.${how}-ask`, { name })}
      name={say(`act.${how}`)}
      about={about}
      say={say}
      onSure={() => onSure(renew)}
      onCancel={onCancel}
    >
      <p class="hint">{say(`act.${how}-more`)}</p>
      {how === "ban" && view.state.moderation.holder && (
        <Switch id="ban-renew" label={say("act.ban-renew")} hint={say("act.ban-renew-more")} on={renew} onTurn={setRenew} />
      )}
    </Confirm>
  )
}

/** The rest of the menu. */
const More = ({ tile, about, view, onWrite }: Props): VNode => {
  const { state, act, say } = view
  const { person } = tile
  const first = useRef<HTMLDivElement>(null)
  useEffect(() => first.current?.querySelector("button")?.focus(), [])
  const participant = mayBeSilenced(tile)
  const item = (key: Key, order: Order): VNode => (
    <Button kind="quiet" about={about} onClick={() => act({ do: "order", order })}>
      {say(key)}
    </Button>
  )
  return (
    <div class="more-acts" ref={first}>
      <Button kind="quiet" about={about} onClick={() => onWrite(person)}>
        {say("chat.private")}
      </Button>
      {tile.camera && item("act.stop-camera", { order: "stop", person, source: "camera" })}
      {tile.screen !== null && item("act.stop-screen", { order: "stop", person, source: "screen" })}
      {participant && tile.maySpeak && item("act.silence", { order: "speech", person, may: false })}
      {tile.hand > 0 && item("act.lower-hand", { order: "stop", person, source: "hand" })}
      {participant && state.moderation.holder && item("act.appoint", { order: "appoint", person })}
      {tile.appointed && item("act.dismiss", { order: "dismiss", person })}
    </div>
  )
}
