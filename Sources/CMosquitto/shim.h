#pragma once
#include <mosquitto.h>
#include <mqtt_protocol.h>
// Glibc's Swift module leaves it out; MQTTTransport wakes its poll with one.
#include <sys/eventfd.h>
