/** What has to be said above the stage, and what can be done about it at once. */

import type { ComponentChildren, VNode } from "preact"
import { useState } from "preact/hooks"
import { useSecondsTo, words } from "./countdown.ts"
import { Drawn, type Icon } from "./icons.tsx"
import { admitAll, undecided } from "./lobby.tsx"
import { Button } from "./parts.tsx"
import { Confirmation, ScreenConfirmation, Told } from "./standing.tsx"
import { standingWords } from "./standing-words.ts"
import type { View } from "./view.ts"

interface BarProps {
  readonly tone: "calm" | "warm" | "alarm"
  readonly icon: Icon
  readonly words: ComponentChildren
  readonly children?: ComponentChildren // buttons
}

const Bar = ({ tone, icon, words, children }: BarProps): VNode => (
  <div class="bar" data-tone={tone}>
    <p>
      <Drawn icon={icon} />
      <span>{words}</span>
    </p>
    {children !== undefined && <div class="row wrap">{children}</div>}
  </div>
)

/** Read out as they come; the regions are always there, or the first would be missed. */
export const Bars = ({ view, reconnecting }: { view: View; reconnecting: boolean }): VNode => (
  <div class="bars">
    <div role="alert">
      <Unconfirmed {...view} />
    </div>
    <div role="status">
      {reconnecting && <Bar tone="warm" icon="warning" words={view.say("call.reconnecting")} />}
      <Compare {...view} />
      <Knock {...view} />
      <Silenced {...view} />
    </div>
    <Told {...view} />
    <Standing {...view} />
    <ScreenStanding {...view} />
    <Unmoderated {...view} />
    <Renewed {...view} />
  </div>
)

/** The others did not confirm a removal: perhaps the server keeps it from them. */
const Unconfirmed = ({ state, act, say }: View): VNode | null =>
  state.moderation.unconfirmed ? (
    <Bar tone="alarm" icon="warning" words={say("bar.unconfirmed")}>
      <Button onClick={() => act({ do: "leave" })}>{say("leave")}</Button>
    </Bar>
  ) : null

const Compare = ({ state, act, say }: View): VNode | null =>
  state.moderation.compare === "wanted" ? (
    <Bar tone="warm" icon="shield" words={say("bar.compare")}>
      {state.panel !== "code" && (
        <Button kind="main" onClick={() => act({ do: "panel", panel: "code" })}>
          {say("bar.compare-now")}
        </Button>
      )}
    </Bar>
  ) : null

/** Somebody waits, and one click lets them in, whatever panel is open. */
const Knock = (view: View): VNode | null => {
  const { state, act, say } = view
  const [first, ...more] = undecided(state.moderation.lobby)
  if (first === undefined || state.moderation.role !== "moderator" || state.panel === "people") return null
  const done = (): void => document.getElementById("open-people")?.focus()
  const admit = (): void => {
    act({ do: "order", order: { order: "admit", people: [first.person] } })
    done()
  }
  const name = first.name || say("lobby.nameless")
  return (
    <Bar
      tone="calm"
      icon="people"
      words={
        <span id="knock-words">{more.length === 0 ? say("bar.knock-one", { name }) : say("bar.knock.other", { n: more.length + 1 })}</span>
      }
    >
      <Button
        kind="main"
        about="knock-words"
        onClick={() => {
          if (more.length === 0) return admit()
          admitAll(view)
          done()
        }}
      >
        {say(more.length === 0 ? "lobby.admit" : "lobby.admit-all")}
      </Button>
      <Button onClick={() => act({ do: "panel", panel: "people" })}>{say("bar.show")}</Button>
    </Bar>
  )
}

/**
 * Why one's own picture is not seen, where somebody has to do something about
 * it, or cannot see it on the picture itself.
 */
const Standing = (view: View): VNode | null => {
  const { state, say } = view
  const { is } = state.masking.standing
  const words = standingWords(state.masking, say)
  const wanted = is === "zones" || is === "unavailable" || (state.hideSelf && words?.tone !== "calm" && words?.tone !== "busy")
  if (words === null || !wanted || state.panel === "settings") return null
  return (
    <Bar tone={words.tone === "alarm" ? "alarm" : "warm"} icon="mask" words={words.text}>
      {is === "zones" && <Confirmation {...view} />}
    </Bar>
  )
}

const ScreenStanding = (view: View): VNode => (
  <div role="status">
    {view.state.masking.screenStanding.is === "zones" && (
      <Bar tone="warm" icon="screen" words={view.say("stand.screen")}>
        <ScreenConfirmation {...view} />
      </Bar>
    )}
  </div>
)

const Silenced = ({ state, act, say }: View): VNode | null => {
  const { maySpeak, handUp, role } = state.moderation
  if (maySpeak || role === "viewer") return null
  return (
    <Bar tone="calm" icon="microphone-off" words={say(handUp ? "bar.asked" : "bar.silenced")}>
      <Button onClick={() => act({ do: "hand", up: !handUp })}>{say(handUp ? "hand.lower" : "bar.ask")}</Button>
    </Bar>
  )
}

/** Nobody moderates. The time runs on the page and is read out once, not every second. */
const Unmoderated = ({ state, say }: View): VNode | null => {
  const { present, endsAt } = state.moderation
  const seconds = useSecondsTo(endsAt ?? 0)
  if (present) return null
  return (
    <Bar
      tone="warm"
      icon="star"
      words={
        <>
          <span role="status">{say(endsAt === null ? "bar.unmoderated" : "bar.unmoderated-ends")}</span>
          {endsAt !== null && <b role="timer"> {say("bar.ends-in", { time: words(seconds, say) })}</b>}
        </>
      }
    />
  )
}

/** The old link lets nobody in any more: those who were invited need the new one. */
const Renewed = ({ state, act, say }: View): VNode | null => {
  const { moderation, links } = state
  const [seen, setSeen] = useState("")
  if (!moderation.renewed || links === null || links.participant === seen) return null
  return (
    <Bar tone="calm" icon="copy" words={say("bar.renewed")}>
      <Button kind="main" onClick={() => act({ do: "copy", text: links.participant })}>
        {say("bar.copy-new")}
      </Button>
      <Button onClick={() => setSeen(links.participant)}>{say("close")}</Button>
    </Bar>
  )
}
