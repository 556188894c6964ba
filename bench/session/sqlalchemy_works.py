"""The works of the bench with SQLAlchemy's session: reads a work a line from stdin, answers with its time."""

import gc
import json
import sys
import time

import sqlalchemy
from sqlalchemy import Column, DateTime, ForeignKey, Integer, String, create_engine, event, func, select
from sqlalchemy.orm import Session, declarative_base, relationship

LOOPED = int(sys.argv[1])
Base = declarative_base()


class User(Base):
    __tablename__ = "user"
    id = Column(Integer, primary_key=True)
    username = Column(String(64), nullable=False)
    email = Column(String(120), nullable=False)
    password_hash = Column(String(128))
    posts = relationship("Post", back_populates="author")


class Post(Base):
    __tablename__ = "post"
    id = Column(Integer, primary_key=True)
    body = Column(String(140), nullable=False)
    timestamp = Column(DateTime, server_default=func.current_timestamp(), nullable=False)
    user_id = Column(Integer, ForeignKey("user.id"))
    author = relationship("User", back_populates="posts")


def timed(work):
    gc.collect()
    started = time.perf_counter()
    work()
    return {"milliseconds": (time.perf_counter() - started) * 1000}


def insert(session, rows):
    users = [
        User(username=f"user{n}", email=f"user{n}@example.com", password_hash=f"scrypt:{n}") for n in range(1, rows + 1)
    ]
    posts = [Post(body=f"What user {n} has to say about it", author=users[n - 1]) for n in range(1, rows + 1)]

    def work():
        session.add_all(posts)
        session.flush()
        ids = [post.id for post in posts]
        session.commit()
        assert len(set(ids)) == rows

    return timed(work)


def read_all(session, rows):
    found = []
    result = timed(lambda: found.extend(session.execute(select(User)).scalars()))
    assert len(found) == rows
    return result


def update(session, rows):
    users = session.execute(select(User)).scalars().all()

    def work():
        for user in users:
            user.password_hash = f"changed {user.id}"
        session.commit()

    result = timed(work)
    assert session.execute(select(func.count()).where(User.password_hash == f"changed {rows}")).scalar() == 1
    return result


def get(session, rows):
    found = []

    def work():
        for number in range(1, rows + 1):
            found.append(session.get(User, number))

    result = timed(work)
    assert found[-1].id == rows
    return result


def delete(session, rows):
    def work():
        for post in session.execute(select(Post)).scalars().all():
            session.delete(post)
        session.commit()

    result = timed(work)
    assert session.execute(select(func.count(Post.id))).scalar() == 0
    return result


def nothing(session, rows):
    users = session.execute(select(User)).scalars().all()
    result = timed(session.commit)
    assert len(users) == rows
    return result


def loop(session, rows):
    statements = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *arguments: statements.append(1))
    read = []

    def work():
        for user in session.execute(select(User).limit(LOOPED)).scalars().all():
            read.extend(user.posts)

    result = timed(work)
    assert len(read) == LOOPED
    return {**result, "statements": len(statements)}


WORKS = {
    "insert": insert,
    "all": read_all,
    "update": update,
    "get": get,
    "delete": delete,
    "nothing": nothing,
    "loop": loop,
}


def answer(request):
    engine = create_engine(f"sqlite:///{request['file']}", future=True)
    try:
        with Session(engine, future=True) as session:
            session.connection()
            return WORKS[request["work"]](session, request["rows"])
    except Exception as error:  # what fails is a result too
        return {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
    finally:
        engine.dispose()


print(json.dumps({"version": sqlalchemy.__version__}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
