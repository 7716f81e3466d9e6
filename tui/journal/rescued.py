"""How much was saved out of a damaged journal: a value, and its words."""

from __future__ import annotations

from dataclasses import dataclass

from tui.say import say


@dataclass(frozen=True, slots=True)
class Rescued:
    """What was saved out of a damaged journal, and what is known not to have been."""

    conversations: int = 0
    turns: int = 0
    replies: int = 0
    cut: tuple[str, ...] = ()
    """Prompts and replies of which only the beginning is left, by their ids."""
    unproven: tuple[str, ...] = ()
    """Long ones that look whole, which nothing proves."""
    lost_conversations: int = 0
    """At least: those that another page still names. The same holds for the next."""
    lost: int = 0
    """Prompts and replies."""

    def sentence(self) -> str:
        """All of it in words, on one line."""
        counted = {"conversations": self.conversations, "turns": self.turns, "replies": self.replies}
        parts = [say("rescue.saved", **{name: f"{count:,}" for name, count in counted.items()})]
        if self.cut:
            parts.append(say("rescue.cut", count=f"{len(self.cut):,}"))
        if self.unproven:
            parts.append(say("rescue.unproven", count=f"{len(self.unproven):,}"))
        if self.lost or self.lost_conversations:
            lost = {"conversations": f"{self.lost_conversations:,}", "others": f"{self.lost:,}"}
            parts.append(say("rescue.lost", **lost))
        else:
            parts.append(say("rescue.none_lost"))
        return " ".join(parts)

    def numbers(self) -> dict[str, int]:
        """For scripts."""
        return {
            "conversations": self.conversations,
            "turns": self.turns,
            "replies": self.replies,
            "cut": len(self.cut),
            "unproven": len(self.unproven),
            "lost_conversations": self.lost_conversations,
            "lost": self.lost,
        }
