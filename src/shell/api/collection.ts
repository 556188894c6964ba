import { awaited, direct, type ApiTable } from "./entry";

/** Members of a to-many relation, loaded or not, besides those of arrays. */
export const COLLECTION: ApiTable = {
  all: awaited("all()", "the related entities, as a list", "u.posts.all()", "list"),
  count: awaited("count()", "the number of related entities", "u.posts.count()", "number"),
  first: awaited("first()", "the first related entity, or null", "u.posts.first()", "entity"),
  query: direct("query", "a query of the related rows", "u.posts.query.limit(5).all()", "query"),
  filterBy: direct(
    "filterBy({ property: value })",
    "a query of the related rows with these values",
    "u.posts.filterBy(body='first').all()",
    "query",
    "values",
  ),
  orderBy: direct(
    "orderBy(...orders)",
    "a query of the related rows in an order",
    "u.posts.orderBy('id').all()",
    "query",
    "properties",
  ),
  add: direct("add(...members)", "adds members that are not in it yet", "u.posts.add(p)"),
  append: direct("append(...members)", "the same as add()", "u.posts.append(p)"),
  remove: direct(
    "remove(...members)",
    "removes members; they are deleted only where the relation deletes orphans",
    "u.posts.remove(p)",
  ),
  push: direct("push(...members)", "adds members at the end", "u.posts.push(p)"),
  unshift: direct("unshift(...members)", "adds members at the start", "u.posts.unshift(p)", "number"),
  pop: direct("pop()", "removes the last member and gives it", "u.posts.pop()", "entity"),
  shift: direct("shift()", "removes the first member and gives it", "u.posts.shift()", "entity"),
  splice: direct(
    "splice(start, deleteCount?, ...members)",
    "removes and inserts members",
    "u.posts.splice(0, 1)",
    "list",
  ),
  length: direct("length", "the number of members", "u.posts.length", "number"),
};

/** Members of a page of a query. */
export const PAGE: ApiTable = {
  items: direct("items", "the entities of this page", "page.items", "list"),
  page: direct("page", "the number of this page, from 1", "page.page", "number"),
  perPage: direct("perPage", "the size of a page", "page.perPage", "number"),
  total: direct("total", "the number of entities on all pages", "page.total", "number"),
  pages: direct("pages", "the number of pages", "page.pages", "number"),
  hasNext: direct("hasNext", "whether there is a next page", "page.hasNext", "boolean"),
  hasPrev: direct("hasPrev", "whether there is a previous page", "page.hasPrev", "boolean"),
  nextNum: direct("nextNum", "the number of the next page, or null", "page.nextNum", "number"),
  prevNum: direct("prevNum", "the number of the previous page, or null", "page.prevNum", "number"),
  next: awaited("next()", "the next page", "page.next()", "page"),
  prev: awaited("prev()", "the previous page", "page.prev()", "page"),
};
