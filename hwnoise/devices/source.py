"""A citation: where the numbers of an effect come from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Source(BaseModel):
    """One entry of ``[[sources]]``, which effects refer to by ``key``; ``hwnoise cite`` prints it.

    Attributes
    ----------
    key : str
        What an effect's ``source`` says, for example ``"joshi2020"``.
    authors, title, venue : str
        As the publisher gives them.
    year : int
        1900 to 2100.
    doi, arxiv : str
        Identifiers, without a prefix.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    key: str = Field(min_length=1, max_length=100)
    authors: str
    title: str
    venue: str
    year: int = Field(ge=1900, le=2100)
    doi: str = ""
    arxiv: str = ""

    def __str__(self) -> str:
        where = f"doi:{self.doi}" if self.doi else f"arXiv:{self.arxiv}" if self.arxiv else ""
        return f"{self.authors}: {self.title}. {self.venue}, {self.year}. {where}".strip()
