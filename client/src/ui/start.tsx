import type { VNode } from "preact"
import type { Links, MeetingRules, Stage } from "../call/state.ts"
import { Drawn } from "./icons.tsx"
import { Invitations } from "./invitations.tsx"
import { Options, possible } from "./options.tsx"
import { Button, LinkField, Page } from "./parts.tsx"
import type { View } from "./view.ts"

type At = Extract<Stage, { at: "start" }>

/** The first page: what this is, one button, and a field for a link. */
export const Start = ({ view, stage }: { view: View; stage: At }): VNode => (
  <Page view={view} kind="start">
    <div class="front">
      {stage.links === null ? <Welcome view={view} stage={stage} /> : <Made view={view} stage={stage} links={stage.links} />}
    </div>
    <Screen />
  </Page>
)

const Welcome = ({ view, stage }: { view: View; stage: At }): VNode => {
  const { act, say } = view
  const start = (): void => {
    if (possible(stage.rules)) return act({ do: "new-meeting" })
    for (const closed of document.querySelectorAll("details")) closed.open = true
    document.getElementById("rule-until")?.focus()
  }
  return (
    <>
      <h1>{say("start.claim")}</h1>
      <p class="lede">{say("start.lede")}</p>
      <p class="soft">{say("start.lede-more")}</p>
      <div class="choices begin">
        <Button kind="main" idle={stage.making} onClick={start}>
          {say("start.new")}
        </Button>
        <span class="soft" role="status">
          {stage.making && say("start.making")}
        </span>
      </div>
      <Options view={view} rules={stage.rules} />
      <details class="paste">
        <summary>{say("link.paste")}</summary>
        <LinkField {...view} />
      </details>
    </>
  )
}

/** Both links, once they are made: which one to give away, which one to keep. */
const Made = ({ view, stage, links }: { view: View; stage: At; links: Links }): VNode => {
  const { act, say } = view
  const { rules } = stage
  return (
    <>
      <h1>{say("start.links")}</h1>
      <p class="soft">{say("start.links-more")}</p>
      <section class="made" aria-labelledby="made-participant">
        <h2 id="made-participant">
          <Drawn icon="people" />
          {say("start.participant")}
        </h2>
        <p class="soft">{say(rules.tickets ? "start.participant-tickets" : "start.participant-more")}</p>
        <div class="row">
          <code class="link">{links.participant}</code>
          <Button kind={rules.tickets ? "plain" : "main"} icon="copy" onClick={() => act({ do: "copy", text: links.participant })}>
            {say("copy.link")}
          </Button>
        </div>
        <Kept view={view} rules={rules} />
      </section>
      <section class="made moderator" aria-labelledby="made-moderator">
        <h2 id="made-moderator">
          <Drawn icon="star" />
          {say("start.moderator")}
        </h2>
        <p class="soft">{say("start.moderator-more")}</p>
        <div class="row wrap">
          <Button icon="copy" onClick={() => act({ do: "copy", text: links.moderator })}>
            {say("copy.moderator")}
          </Button>
          <Button icon="open" onClick={() => act({ do: "open-link", link: links.moderator })}>
            {say("start.as-moderator")}
          </Button>
        </div>
      </section>
      <details class="made more" open={rules.tickets}>
        <summary>{say("invite.title")}</summary>
        <p class="soft">{say("invite.more")}</p>
        <Invitations view={view} invitations={stage.invitations} revocable={false} />
      </details>
    </>
  )
}

/** What was chosen, so that it can be told to those who are invited. */
const Kept = ({ view: { act, say }, rules }: { view: View; rules: MeetingRules }): VNode | null => {
  if (rules.passphrase === "") return null
  return (
    <>
      <p class="soft">{say("start.passphrase")}</p>
      <div class="row">
        <code class="link">{rules.passphrase}</code>
        <Button icon="copy" onClick={() => act({ do: "copy", text: rules.passphrase })}>
          {say("passphrase.copy")}
        </Button>
      </div>
    </>
  )
}

/** The picture beside the words: a folding screen, and what is behind it. */
const Screen = (): VNode => (
  <svg class="scene" viewBox="0 0 480 520" aria-hidden="true" focusable="false">
    <circle class="sun" cx="266" cy="196" r="118" />
    <path class="floor" d="M0 452h480" />
    <path class="leaf a" d="M28 96 134 66v400L28 488Z" />
    <path class="leaf b" d="M134 66 240 96v392l-106-22Z" />
    <path class="leaf a" d="M240 96 346 66v400l-106 22Z" />
    <path class="leaf b" d="M346 66 452 96v392l-106-22Z" />
    <path
      class="branch"
      d="M28 372c60-34 92-18 142-62s66-104 128-122 84-2 154-46M170 310c26 4 48-4 62-22m36-82c-6-26 2-46 20-60m58 24c22 12 46 10 62-4"
    />
    <path class="hinge" d="M134 66v400M240 96v392M346 66v400" />
    <g class="buds">
      <circle cx="232" cy="288" r="7" />
      <circle cx="288" cy="146" r="8" />
      <circle cx="408" cy="166" r="7" />
      <circle cx="170" cy="310" r="5" />
      <circle cx="346" cy="170" r="6" />
      <circle cx="92" cy="346" r="6" />
      <circle cx="436" cy="150" r="5" />
    </g>
  </svg>
)
