"""How a proposal ends: what it said before, how to say no or tell us something, and the hidden block."""

from bot.decide.markdown import code, prose
from bot.formats import commands
from bot.formats import marks as hidden
from bot.model.plan import Rebuild
from bot.model.proposal import Marks


def ending(rebuild: Rebuild, marks: Marks) -> str:
    """Give the last sections; they stand in every form of a body, whatever else has to go."""
    parts = [_history(marks), _no(rebuild), _orders(), hidden.render(marks)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _history(marks: Marks) -> str:
    if not marks.history:
        return ""
    lines = "\n".join(f"- ~~{prose(entry)}~~" for entry in marks.history)
    return f"## Until now\n\nThis proposal took the place of what it said before:\n\n{lines}"


def _no(rebuild: Rebuild) -> str:
    later = "the next quarter" if rebuild.quarter else "there is something new to fix or to move"
    return (
        "## How to say no\n\nClose it. Exactly this content is not proposed again before "
        f"{later}. To change what is proposed, change the sources (a bound such as {code('django<5')} is kept) or the "
        f"policy in {code('.quarterdeck.toml')}. Quarterdeck leaves this branch alone once it carries commits of yours."
    )


def _orders() -> str:
    """Say what people can ask for; the box is read from the body, the commands from comments."""
    box = f"- [ ] Rebuild this proposal now, on the newest base {commands.BOX}"
    words = (
        f"Or comment {code('@quarterdeck rebase')}, {code('@quarterdeck recreate')} (throws away what others committed "
        f"here), or {code('@quarterdeck ignore NAME until YYYY-MM-DD because REASON')}, where NAME is a package, an "
        "advisory, or an image. That is for people who can write to this repository."
    )
    return f"{box}\n\n{words}"
