import { EventSubscriber, type EntitySubscriberInterface, type InsertEvent } from "typeorm";
import { Thread } from "./thread.entity";

@EventSubscriber()
export class ThreadSubscriber implements EntitySubscriberInterface<Thread> {
  listenTo() {
    return Thread;
  }

  beforeInsert({ entity }: InsertEvent<Thread>) {
    entity.slug = entity.title.toLowerCase().replace(/\W+/g, "-");
  }
}
