import type { VNode } from "preact"
import type { End } from "../call/state.ts"
import { Button, LinkField, Message } from "./parts.tsx"
import type { View } from "./view.ts"

export const Home = ({ act, say }: View): VNode => <Button onClick={() => act({ do: "home" })}>{say("end.home")}</Button>

/** Trying again with the same link or browser would end the same way. */
const final: ReadonlySet<End> = new Set<End>(["proof", "unsupported", "banned", "ticket", "late", "used", "barred", "replaced"])

/** Another link is what helps: here it can be pasted. */
const otherLink: ReadonlySet<End> = new Set<End>(["proof", "ticket", "late", "used", "barred", "replaced"])

const alarming: ReadonlySet<End> = new Set<End>(["unencrypted", "replayed"])

/** Why the call is over and what one can do next. */
export const Ended = ({ view, why }: { view: View; why: End }): VNode => {
  const { role, rules } = view.state.moderation
  return (
    <Message
      view={view}
      title={`end.${why}`}
      more={`end.${why}-more`}
      alarm={alarming.has(why)}
      below={
        <>
          {why === "left" && role === "moderator" && <p class="soft">{view.say(`end.left-${rules.unmoderated}`)}</p>}
          {otherLink.has(why) && <LinkField {...view} />}
        </>
      }
    >
      {!final.has(why) && (
        <Button kind="main" onClick={() => view.act({ do: "again" })}>
          {view.say(why === "denied" || why === "removed" ? "end.ask-again" : "end.again")}
        </Button>
      )}
      <Home {...view} />
    </Message>
  )
}
